import { type Call, Refusal, type Reply, type Route } from '../format.ts';
import { hex } from '../namespace.ts';
import { jsonOf, textAt } from '../request.ts';

/** `POST /storage/upload/initiate`, then a PUT of the bytes to the address it gave. */
export function falUploadRoutes(): readonly Route[] {
  return [
    { operation: 'upload', method: 'POST', path: '/storage/upload/initiate', handle: initiate },
    { operation: 'upload', method: 'PUT', path: '/storage/put/:upload', handle: put },
  ];
}

function initiate(call: Call): Reply {
  const body = jsonOf(call);
  const id = hex(24);
  const name = textAt(body, 'file_name') ?? 'file';
  const type = textAt(body, 'content_type') ?? 'application/octet-stream';
  call.namespace.uploads.set(id, { id, name, type, bytes: Buffer.alloc(0) });
  return {
    status: 200,
    body: { upload_url: `${call.base}/storage/put/${id}`, file_url: `${call.root}/uploads/${id}` },
  };
}

function put(call: Call): Reply {
  const upload = call.namespace.uploads.get(call.params.upload ?? '');
  if (!upload) throw new Refusal('not_found');
  upload.bytes = call.raw;
  return { status: 200, body: null };
}
