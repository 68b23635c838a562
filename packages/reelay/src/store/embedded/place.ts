import { createHash, randomUUID } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exists } from './binaries.ts';

/** The user the server runs as when we are root, which PostgreSQL refuses to run as. */
const NOBODY = 65534;
/** A socket's address holds 103 bytes on macOS, 107 on Linux, with its name `/.s.PGSQL.5432`. */
const LONGEST_SOCKET_FOLDER = 88;
const SYSTEM_ROOT = '/var/lib/reelay';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Where one data folder's database lives. */
export interface Place {
  /** Holds the programs, the data, the log and the socket. */
  readonly root: string;
  readonly data: string;
  readonly log: string;
  /** The folder of the private socket; empty on Windows, where the server listens on 127.0.0.1. */
  readonly socket: string;
  readonly port: number;
  /** Whom the server runs as; null: as ourselves. */
  readonly owner: Owner | null;
}

/**
 * Decides where the database of `dataDir` lives, and makes the folders: `<dataDir>/postgres`, or a folder of its own in
 * /var/lib/reelay where the server's user could not get through to that (root's home, say). The data folder then keeps
 * the address, so it may be moved; if that place is gone this rejects, for an empty database must not stand in for a lost one.
 */
export async function choosePlace(dataDir: string): Promise<Place> {
  const home = join(await realpath(dataDir), 'postgres');
  const root = await chooseRoot(home);
  const data = join(root, 'data');
  const owner = await ownerOf(data);
  const place = { root, data, log: join(root, 'postgres.log'), owner, ...address(root) };
  if (place.socket) await makePrivate(place.socket, owner);
  return place;
}

/** Makes the data folder and its lock's folder; what we make as root must let the server's user through. */
export async function makeHome(dataDir: string): Promise<string> {
  const isNew = !(await exists(dataDir));
  const home = join(dataDir, 'postgres');
  await mkdir(home, { recursive: true });
  if (isRoot()) {
    if (isNew) await chmod(dataDir, 0o711);
    await chmod(home, 0o755);
  }
  return home;
}

async function chooseRoot(home: string): Promise<string> {
  const pointer = join(home, 'place');
  if (await exists(pointer)) {
    const root = (await readFile(pointer, 'utf8')).trim();
    if (await exists(root)) return root;
    throw new Error(
      `the database of ${dirname(home)} was kept in ${root}, which is gone: restore it, or remove ${pointer}`,
    );
  }
  const owner = await ownerOf(join(home, 'data'));
  if (!owner || (await canReach(home, owner))) return home;
  if (await exists(join(home, 'data')))
    throw new Error(`uid ${owner.uid} can no longer reach its database in ${home}`);
  const root = join(SYSTEM_ROOT, randomUUID());
  await mkdir(root, { recursive: true });
  for (const folder of [SYSTEM_ROOT, root]) await chmod(folder, 0o755);
  await writeFile(pointer, `${root}\n`);
  return root;
}

/** As root: whoever owns the data already, else nobody. Otherwise ourselves. */
async function ownerOf(data: string): Promise<Owner | null> {
  if (!isRoot()) return null;
  const found = await stat(data).catch(() => null);
  return found && found.uid !== 0 ? { uid: found.uid, gid: found.gid } : { uid: NOBODY, gid: NOBODY };
}

async function canReach(path: string, owner: Owner): Promise<boolean> {
  const { mode, uid } = await stat(path);
  const canPass = uid === owner.uid ? mode & 0o100 : mode & 0o001;
  if (!canPass) return false;
  return dirname(path) === path || canReach(dirname(path), owner);
}

function address(root: string): { socket: string; port: number } {
  const digest = createHash('sha256').update(root).digest();
  if (process.platform === 'win32') return { socket: '', port: 20_000 + (digest.readUInt16BE() % 20_000) };
  const socket = join(root, 'run');
  if (Buffer.byteLength(socket) <= LONGEST_SOCKET_FOLDER) return { socket, port: 5432 };
  return { socket: `/tmp/reelay-${digest.toString('hex').slice(0, 24)}`, port: 5432 };
}

/** Makes a folder that only the server's user (and root) can enter, and trusts an existing one only if it is such. */
async function makePrivate(path: string, owner: Owner | null): Promise<void> {
  if (!(await exists(path))) {
    await mkdir(path, { mode: 0o700 });
    if (owner) await chown(path, owner.uid, owner.gid);
  }
  const { uid, mode } = await lstat(path);
  const isDirectory = (mode & 0o170000) === 0o040000;
  if (!isDirectory || uid !== (owner?.uid ?? process.getuid?.()) || (mode & 0o077) !== 0) {
    throw new Error(`${path} is not a private folder of the database's user`);
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
