import type { Model, Param } from '../core/model.ts';
import type { Json } from '../core/values.ts';
import { referencesMax } from './rivya.wire.ts';

/** A model as the catalogue tells it: every key of the contract (B7), filled from the model's data. */
export function modelBody(model: Model): Json {
  const references = referencesMax(model);
  const takesImages = references > 0;
  const { maxBytes, mimeTypes } = model.media;
  const image = { kind: 'image', max_size_bytes: maxBytes, mime_types: mimeTypes };
  return {
    id: model.id,
    display_name: model.displayName,
    category: model.category,
    runtime: 'async_task',
    base_credits: model.price,
    billing_type: model.billing,
    supported_modes: model.modes,
    max_prompt_length: model.prompt.max,
    reference_media: { max_files: references, kinds: takesImages ? [image] : [] },
    params: model.params.map(parameter),
    api_status: 'available',
    api_input_status: takesImages ? 'partial_requires_files' : 'available_text',
    supported_api_inputs: takesImages ? ['text', 'file'] : ['text'],
    requires_files_api: false,
    requires_upload_for_modes: takesImages ? ['image-to-video'] : [],
    url_input_supported: takesImages,
    file_kinds: takesImages ? ['image'] : [],
    chat_capabilities: null,
    notices: model.tips,
  };
}

function parameter({ key, default: standing, options, description }: Param): Json {
  return {
    key,
    type: 'select',
    required: false,
    default: String(standing),
    range: null,
    options: options.map(String),
    description,
  };
}
