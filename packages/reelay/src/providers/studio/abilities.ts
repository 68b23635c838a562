import type { Model } from '../../core/model.ts';
import type { Ability } from '../../core/routing.ts';

/** The studio stands in for every model formally: whatever a model lets callers choose, it renders. */
export function studioAbilities(models: readonly Model[]): readonly Ability[] {
  return models.map((model) => ({
    model: model.id,
    modes: model.modes,
    durationsSeconds: options(model, 'duration').map(Number),
    sound: true,
    aspectRatios: options(model, 'aspect_ratio').map(String),
    lastFrame: true,
    promptMax: model.prompt.max,
    costMicros: null,
  }));
}

function options(model: Model, key: string): readonly (number | boolean | string)[] {
  return model.params.find((param) => param.key === key)?.options ?? [];
}
