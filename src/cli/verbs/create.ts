import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../base/errors.ts'
import { tryParseModelName } from '../../model/name.ts'
import { parseModelfile } from '../../modelfile/parse.ts'
import { createModel } from '../create/create-model.ts'
import { JSON_LINES_FLAG } from '../json.ts'
import { ONE_ARGUMENT, type Verb } from '../verb.ts'

const DEFAULT_FILE = 'Modelfile'
/** Without a Modelfile the folder itself is the model. */
const FOLDER_MODELFILE = 'FROM .\n'

export const createVerb: Verb = {
  name: 'create',
  usage: 'create MODEL',
  summary: 'Create a model',
  arguments: ONE_ARGUMENT,
  flags: {
    file: { type: 'string', short: 'f', help: `Name of the Modelfile (default "${DEFAULT_FILE}")` },
    quantize: { type: 'string', short: 'q', help: 'Quantize the model to this type (e.g. q4_K_M)' },
    'draft-quantize': { type: 'string', help: 'Quantize the draft model to this type' },
    json: JSON_LINES_FLAG,
    experimental: { type: 'boolean', help: 'Not offered' },
  },
  variables: ['host'],
  async run(context, invocation) {
    const [model = ''] = invocation.positionals
    if (!tryParseModelName(model)) throw new AppError('invalid_model_name', `invalid model name: ${model}`)
    if (invocation.boolean('experimental')) throw new AppError('not_supported', '--experimental is not offered: it builds models for MLX')
    const file = invocation.text('file')
    const modelfile = parseModelfile(await readModelfile(file))
    await createModel(context, {
      model,
      modelfile,
      folder: path.dirname(path.resolve(file || DEFAULT_FILE)),
      quantize: invocation.text('quantize'),
      draftQuantize: invocation.text('draft-quantize'),
      json: invocation.boolean('json'),
    })
    return 0
  },
}

/** A Modelfile that was named must be there. */
async function readModelfile(file: string): Promise<string | Uint8Array> {
  try {
    return await readFile(file || DEFAULT_FILE)
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!missing) throw error
    if (file === '') return FOLDER_MODELFILE
    throw new AppError('invalid_modelfile', "specified Modelfile wasn't found", { cause: error })
  }
}
