import type { Place } from './place.ts';

/**
 * The whole postgresql.conf, written anew at every start: for a small machine that does other things too.
 * What was committed is on the disk: fsync and synchronous_commit are never off. No customer's text in the log:
 * errors reach us over the connection, and their details would quote rows.
 */
export function settingsFor(place: Place): string {
  const settings: Record<string, string> = {
    listen_addresses: place.socket ? '' : '127.0.0.1',
    port: String(place.port),
    unix_socket_directories: place.socket && `"${place.socket.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    max_connections: '200',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    shared_buffers: '128MB',
    effective_cache_size: '512MB',
    work_mem: '8MB',
    maintenance_work_mem: '64MB',
    max_wal_size: '1GB',
    min_wal_size: '160MB',
    max_wal_senders: '0',
    wal_buffers: '16MB',
    checkpoint_timeout: '10min',
    random_page_cost: '1.1',
    jit: 'off',
    io_method: 'sync',
    max_parallel_workers_per_gather: '0',
    autovacuum: 'on',
    autovacuum_naptime: '15s',
    autovacuum_max_workers: '2',
    cluster_name: 'reelay',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] ',
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_checkpoints: 'off',
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'\n`)
    .join('');
}
