import { streamed } from '../server.ts'
import { createProgressDisplay } from '../terminal/progress.ts'
import { showTransfer } from '../transfer-progress.ts'
import { type Context, ONE_ARGUMENT, type Verb } from '../verb.ts'

export const pullVerb: Verb = {
  name: 'pull',
  usage: 'pull MODEL',
  summary: 'Get a model from a registry',
  arguments: ONE_ARGUMENT,
  flags: { insecure: { type: 'boolean', help: 'Use http instead of https' } },
  variables: ['host'],
  async run(context, invocation) {
    await pullModel(context, invocation.positionals[0] ?? '', invocation.boolean('insecure'))
    return 0
  },
}

export async function pullModel({ client, clock, io }: Context, model: string, insecure: boolean): Promise<void> {
  const display = createProgressDisplay(io.stderr, clock)
  try {
    const parts = streamed(client.pull({ model, ...(insecure ? { insecure } : {}) }))
    await showTransfer(parts, display, { label: ({ digest = '' }) => `pulling ${shortDigest(digest)}:`, hideEmpty: true })
  } finally {
    display.stop()
  }
}

function shortDigest(digest: string): string {
  return digest.startsWith('sha256:') ? digest.slice('sha256:'.length).slice(0, 12) : digest
}
