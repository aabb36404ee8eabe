import { open, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../base/errors.ts'
import { isMissing } from '../../base/system-error.ts'
import { tryParseModelName } from '../../model/name.ts'
import type { Modelfile } from '../../modelfile/modelfile.ts'
import { parseModelfile } from '../../modelfile/parse.ts'
import { createModel } from '../create/create-model.ts'
import { JSON_LINES_FLAG } from '../json.ts'
import { ONE_ARGUMENT, type Verb } from '../verb.ts'

const DEFAULT_FILE = 'Modelfile'
/** Without a Modelfile the folder itself is the model. */
const FOLDER_MODELFILE = 'FROM .\n'
/** What a GGUF file begins with. */
const MAGIC = 'GGUF'

export const createVerb: Verb = {
  name: 'create',
  usage: 'create MODEL',
  summary: 'Create a model',
  arguments: ONE_ARGUMENT,
  flags: {
    file: { type: 'string', short: 'f', help: `Name of the Modelfile, or of a GGUF file (default "${DEFAULT_FILE}")` },
    quantize: { type: 'string', short: 'q', help: 'Quantize the model to this type (e.g. q4_K_M)' },
    'draft-quantize': { type: 'string', help: 'Quantize the draft model to this type' },
    link: { type: 'boolean', help: 'Make no copy of local files: the model is the file itself, and must not be written to' },
    json: JSON_LINES_FLAG,
    experimental: { type: 'boolean', help: 'Not offered' },
  },
  variables: ['host'],
  async run(context, invocation) {
    const [model = ''] = invocation.positionals
    if (!tryParseModelName(model)) throw new AppError('invalid_model_name', `invalid model name: ${model}`)
    if (invocation.boolean('experimental')) throw new AppError('not_supported', '--experimental is not offered: it builds models for MLX')
    const file = invocation.text('file')
    const modelfile = await readModelfile(file)
    await createModel(context, {
      model,
      modelfile,
      folder: path.dirname(path.resolve(file || DEFAULT_FILE)),
      quantize: invocation.text('quantize'),
      draftQuantize: invocation.text('draft-quantize'),
      link: invocation.boolean('link'),
      json: invocation.boolean('json'),
    })
    return 0
  },
}

/** A Modelfile that was named must be there; a GGUF file in its place is all that it would name. */
async function readModelfile(file: string): Promise<Modelfile> {
  const name = file || DEFAULT_FILE
  try {
    if (await isGguf(name)) return { commands: [{ name: 'from', value: path.resolve(name) }] }
    return parseModelfile(await readFile(name))
  } catch (error) {
    if (!isMissing(error)) throw error
    if (file === '') return parseModelfile(FOLDER_MODELFILE)
    throw new AppError('invalid_modelfile', "specified Modelfile wasn't found", { cause: error })
  }
}

/** A Modelfile may also come through a pipe, of which nothing can be read twice. */
async function isGguf(file: string): Promise<boolean> {
  if (!(await stat(file)).isFile()) return false
  await using handle = await open(file)
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0)
  return buffer.toString('latin1', 0, bytesRead) === MAGIC
}
