// Turns a Modelfile into a create request: files become blobs of the server, everything else is passed on. The server checks the rest.

import type { CreateRequestBody } from '../../api/create.ts'
import { AppError } from '../../base/errors.ts'
import type { Command, Modelfile } from '../../modelfile/modelfile.ts'
import { readParameters } from '../../modelfile/parameters.ts'
import { printJsonLine } from '../json.ts'
import { streamed } from '../server.ts'
import { createProgressDisplay } from '../terminal/progress.ts'
import { createRecordDisplay } from '../terminal/record-display.ts'
import { printTransfer, showTransfer } from '../transfer-progress.ts'
import type { Context } from '../verb.ts'
import { bringFile } from './bring-file.ts'
import { findModelFiles, relativeNames, resolveLocalPath } from './model-files.ts'

export interface CreateInput {
  model: string
  modelfile: Modelfile
  /** Of the Modelfile; its paths are relative to it. */
  folder: string
  quantize: string
  draftQuantize: string
  /** Files of this machine are not copied where that can be. */
  link: boolean
  /** Records in place of bars. */
  json: boolean
}

/** golang.org/x/mod/semver: up to three numbers, a pre-release and a build. */
const SEMVER = /^v?(0|[1-9]\d*)(\.(0|[1-9]\d*)(\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?)?)?$/

export async function createModel(context: Context, input: CreateInput): Promise<void> {
  const { client, clock, io } = context
  const { values, deprecated } = readParameters(input.modelfile)
  const display = input.json ? createRecordDisplay(io.stdout) : createProgressDisplay(io.stderr, clock)
  for (const name of deprecated) {
    const warning = `warning: parameter ${name} is deprecated`
    if (input.json) display.status(warning)
    else io.stdout.write(`${warning}\n`)
  }
  try {
    display.status('gathering model components')
    const sources = await readSources(input)
    if (input.draftQuantize !== '' && sources.drafts.length === 0) {
      throw new AppError('invalid_request', '--draft-quantize requires a DRAFT model')
    }
    const digests = new Map<string, string>()
    for (const file of [...sources.files, ...sources.adapters, ...sources.drafts])
      if (!digests.has(file)) digests.set(file, await bringFile(context, file, { display, link: input.link }))
    const request: CreateRequestBody = {
      ...readTexts(input.modelfile.commands),
      model: input.model,
      ...(sources.from === undefined ? {} : { from: sources.from }),
      ...fileMap('files', sources.files, digests),
      ...fileMap('adapters', sources.adapters, digests),
      ...fileMap('draft_files', sources.drafts, digests),
      ...(Object.keys(values).length > 0 ? { parameters: values } : {}),
      ...(input.quantize === '' ? {} : { quantize: input.quantize }),
      ...(input.draftQuantize === '' ? {} : { draft_quantize: input.draftQuantize }),
    }
    const parts = streamed(client.create(request))
    if (input.json) await printTransfer(parts, (part) => printJsonLine(io, part))
    else await showTransfer(parts, display, { label: ({ status }) => status, hideEmpty: false })
  } finally {
    display.stop()
  }
}

interface Sources {
  /** The model that it is built from, where it is no file. */
  from: string | undefined
  /** Paths. */
  files: string[]
  adapters: string[]
  drafts: string[]
}

async function readSources({ modelfile, folder }: CreateInput): Promise<Sources> {
  const sources: Sources = { from: undefined, files: [], adapters: [], drafts: [] }
  const paths = { from: new Set<string>(), draft: new Set<string>() }
  for (const { name, value } of modelfile.commands) {
    if (name !== 'from' && name !== 'adapter' && name !== 'draft') continue
    const local = await resolveLocalPath(value, folder, name !== 'from')
    if (!local) {
      sources.from = value
      continue
    }
    const files = await findModelFiles(local)
    if (name === 'adapter') {
      sources.adapters = files
      continue
    }
    paths[name].add(local)
    if (paths.from.has(local) && paths.draft.has(local)) {
      throw new AppError('invalid_modelfile', `DRAFT must not reference the same local path as FROM: ${local}`)
    }
    sources[name === 'from' ? 'files' : 'drafts'].push(...files)
  }
  return sources
}

function readTexts(commands: readonly Command[]): Omit<CreateRequestBody, 'model'> {
  const request: Omit<CreateRequestBody, 'model'> = {}
  const licenses: string[] = []
  const messages: NonNullable<CreateRequestBody['messages']> = []
  for (const command of commands) {
    switch (command.name) {
      case 'template':
      case 'system':
      case 'renderer':
      case 'parser':
        request[command.name] = command.value
        break
      case 'requires':
        request.requires = parseRequires(command.value)
        break
      case 'license':
        licenses.push(command.value)
        break
      case 'message':
        messages.push({ role: command.role, content: command.value })
    }
  }
  return { ...request, ...(licenses.length > 0 ? { license: licenses } : {}), ...(messages.length > 0 ? { messages } : {}) }
}

function parseRequires(text: string): string {
  if (!SEMVER.test(text)) throw new AppError('invalid_modelfile', 'requires must be a valid semver (e.g. 0.14.0)')
  return text.replace(/^v/, '')
}

function fileMap<Key extends string>(
  key: Key,
  files: readonly string[],
  digests: ReadonlyMap<string, string>,
): Partial<Record<Key, Record<string, string>>> {
  if (files.length === 0) return {}
  const names = relativeNames(files)
  return { [key]: Object.fromEntries(files.map((file, index) => [names[index], digests.get(file)])) } as Record<Key, Record<string, string>>
}
