// The servers that a command line names: some run already, some are started for the time of the measurement and stopped after it.

import { findTarget, type Target } from './client.ts'
import { type OwnServer, type ServerProcess, startServer } from './server-process.ts'

export const TARGET_OPTIONS = {
  url: { type: 'string', default: 'http://127.0.0.1:11434' },
  model: { type: 'string', default: 'smollm2' },
  start: { type: 'string' },
  pid: { type: 'string' },
  against: { type: 'string' },
  'against-name': { type: 'string' },
  'against-model': { type: 'string' },
  'against-start': { type: 'string' },
  'against-pid': { type: 'string' },
  'embedding-model': { type: 'string' },
  'add-models': { type: 'boolean', default: false },
} as const

export interface TargetValues {
  url: string
  model: string
  start?: string
  pid?: string
  against?: string
  /** As tables and drawings call it; a server built from source does not know its version. */
  'against-name'?: string
  'against-model'?: string
  'against-start'?: string
  'against-pid'?: string
  'embedding-model'?: string
  'add-models': boolean
}

/** `run` gets this server, and the other one where it is given. */
export async function withTargets(values: TargetValues, run: (ours: Target, theirs: Target | undefined) => Promise<void>): Promise<void> {
  const started: OwnServer[] = []
  const open = async (name: string, url: string, model: string, command: string | undefined, id: string | undefined): Promise<Target> => {
    let found: ServerProcess | undefined = id === undefined ? undefined : { id: Number(id) }
    if (command !== undefined) {
      const server = await startServer(command, url)
      started.push(server)
      found = server
    }
    const embeddingModel = values['embedding-model']
    return findTarget({
      ...{ name, url, model, mayCopy: values['add-models'] },
      ...(found ? { process: found } : {}),
      ...(embeddingModel === undefined ? {} : { embeddingModel }),
    })
  }
  // A server that was started here does not outlive this process, however that ends.
  process.on('exit', () => {
    for (const server of started) server.kill()
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  try {
    const ours = await open('Llamero', values.url, values.model, values.start, values.pid)
    const model = values['against-model'] ?? values.model
    const name = values['against-name'] ?? 'Ollama'
    const theirs = values.against && (await open(name, values.against, model, values['against-start'], values['against-pid']))
    await run(ours, theirs || undefined)
  } finally {
    for (const server of started) await server.stop()
  }
}

export function describeTarget({ name, url, model }: Target): string {
  return `${name} at ${url} (${model})`
}
