import { InvalidArgumentError } from 'commander';

/** Reads an option as a whole number of at least `least`. */
export function wholeNumber(least: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (!Number.isSafeInteger(number) || number < least) {
      throw new InvalidArgumentError(`a whole number of at least ${least}`);
    }
    return number;
  };
}
