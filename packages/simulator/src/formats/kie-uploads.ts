import { type Call, Refusal, type Reply, type Route } from '../format.ts';
import { hex } from '../namespace.ts';
import { dataUrlBytes, fetchPicture } from '../pictures.ts';
import { formOf, jsonOf, textAt } from '../request.ts';

/** kie.ai's uploads (a host of their own in reality): by address, by stream, in base64. */
export function kieUploadRoutes(): readonly Route[] {
  return [
    { operation: 'upload', method: 'POST', path: '/api/file-url-upload', handle: byUrl },
    { operation: 'upload', method: 'POST', path: '/api/file-stream-upload', handle: byStream },
    { operation: 'upload', method: 'POST', path: '/api/file-base64-upload', handle: byBase64 },
  ];
}

async function byUrl(call: Call): Promise<Reply> {
  const body = jsonOf(call);
  const url = textAt(body, 'fileUrl');
  const bytes = url === null ? null : await fetchPicture(url);
  if (!bytes) throw new Refusal('500', 'The file cannot be downloaded');
  return keep(call, bytes, textAt(body, 'fileName'));
}

async function byStream(call: Call): Promise<Reply> {
  const form = await formOf(call);
  const file = form.get('file');
  const name = form.get('fileName');
  if (!(file instanceof File)) throw new Refusal('422', 'file is required');
  return keep(call, Buffer.from(await file.arrayBuffer()), typeof name === 'string' ? name : file.name);
}

function byBase64(call: Call): Reply {
  const body = jsonOf(call);
  const data = textAt(body, 'base64Data');
  if (data === null) throw new Refusal('422', 'base64Data is required');
  return keep(call, dataUrlBytes(data) ?? Buffer.from(data, 'base64'), textAt(body, 'fileName'));
}

function keep(call: Call, bytes: Buffer, fileName: string | null): Reply {
  const id = hex(24);
  const name = fileName ?? id;
  call.namespace.uploads.set(id, { id, name, type: 'application/octet-stream', bytes });
  const url = `${call.root}/uploads/${id}`;
  const data = {
    fileName: name,
    filePath: `uploads/${name}`,
    downloadUrl: url,
    fileUrl: url,
    fileSize: bytes.length,
  };
  return { status: 200, body: { success: true, code: 200, msg: 'File uploaded successfully', data } };
}
