import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CheckBody, PruneResponseBody, VerifyRecord } from '../api/maintenance.ts'
import { AppError } from '../base/errors.ts'
import { serverKeyFile } from '../config/server-key.ts'
import { createTestCli, parts } from './testing/fakes.ts'

const unreachable = () => new AppError('internal', 'connect ECONNREFUSED', { details: { unreachable: true } })
const answered = (status: number, message: string) => new AppError('internal', message, { details: { status } })
const digest = `sha256:${'ab'.repeat(32)}`
const ollama = async () => ({ version: '0.33.0' })
const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('prune', () => {
  const report: PruneResponseBody = {
    removed: [
      { kind: 'blob', digest, size: 2_000_000_000 },
      { kind: 'download', digest, size: 1500 },
      { kind: 'temporary', size: 6 },
    ],
    size: 2_000_001_506,
    dry_run: false,
  }

  it('says what was removed and how much was freed', async () => {
    const asked: unknown[] = []
    const prune = async (request: unknown) => {
      asked.push(request)
      return report
    }
    const cli = createTestCli({ client: { prune } })
    expect(await cli.run('prune', '--partial')).toBe(0)
    expect(cli.out.text).toBe(
      'removed blob abababababab (2 GB)\nremoved unfinished download abababababab (1.5 KB)\nremoved temporary file (6 B)\n2.0 GB freed\n',
    )
    expect(asked).toEqual([{ dry_run: false, partials: true }])
  })

  it('says what it would remove', async () => {
    const cli = createTestCli({ client: { prune: async () => ({ ...report, removed: report.removed.slice(0, 1), dry_run: true }) } })
    await cli.run('prune', '--dry-run')
    expect(cli.out.text).toBe('would remove blob abababababab (2 GB)\n2.0 GB would be freed\n')
    const idle = createTestCli({ client: { prune: async () => ({ removed: [], size: 0, dry_run: false }) } })
    await idle.run('prune')
    expect(idle.out.text).toBe('nothing to remove\n')
  })

  it('prints JSON', async () => {
    const cli = createTestCli({ client: { prune: async () => report } })
    await cli.run('prune', '--json')
    expect(JSON.parse(cli.out.text)).toEqual(report)
  })

  it('says so where the server is Ollama', async () => {
    const prune = () => Promise.reject(answered(404, '404 page not found'))
    const cli = createTestCli({ client: { prune, versions: ollama }, config: { ollamaVersion: '0.33.0' } })
    expect(await cli.run('prune')).toBe(1)
    expect(cli.err.text).toBe("Error: the server at http://127.0.0.1:11434 is Ollama 0.33.0: only Llamero's can do this\n")
  })
})

describe('verify', () => {
  const done = (damaged: number): VerifyRecord => ({ status: 'success', blobs: 3, size: 5000, damaged })
  const damage = (fields: Partial<Extract<VerifyRecord, { status: 'damaged' }>>): VerifyRecord => ({
    status: 'damaged',
    digest,
    reason: 'hash',
    models: ['m:latest', 'n:latest'],
    removed: false,
    ...fields,
  })

  it('says that nothing is damaged', async () => {
    const cli = createTestCli({
      client: { verify: () => parts<VerifyRecord>({ status: 'verifying', completed: 5000, total: 5000 }, done(0)) },
    })
    expect(await cli.run('verify')).toBe(0)
    expect(cli.out.text).toBe('3 blobs checked (5 KB), none is damaged\n')
    expect(cli.err.text).toBe('verifying: 100%\n')
  })

  it('names what is damaged, whose it is and what helps, and ends with status 1', async () => {
    const cli = createTestCli({ program: 'llamero', client: { verify: () => parts(damage({}), done(1)) } })
    expect(await cli.run('verify', 'm')).toBe(1)
    expect(cli.out.text).toBe(
      'blob abababababab, of m:latest, n:latest: has other bytes than its name says\n3 blobs checked (5 KB), 1 damaged\n' +
        "'llamero verify --fix' removes damaged blobs; then get them again: 'llamero pull m:latest', 'llamero pull n:latest'\n",
    )
  })

  it('says what it removed', async () => {
    const asked: unknown[] = []
    const verify = (request: unknown) => {
      asked.push(request)
      const manifest: VerifyRecord = { status: 'damaged', manifest: 'h/n/m/t', reason: 'manifest', models: [], removed: false }
      return parts<VerifyRecord>(manifest, damage({ removed: true, models: ['m:latest'] }), done(2))
    }
    const cli = createTestCli({ client: { verify } })
    expect(await cli.run('verify', '--fix')).toBe(1)
    expect(cli.out.text).toBe(
      'manifest h/n/m/t: cannot be read\nblob abababababab, of m:latest: has other bytes than its name says; removed\n' +
        "3 blobs checked (5 KB), 2 damaged\nget them again: 'ollama pull m:latest'\n",
    )
    expect(asked).toEqual([{ fix: true }])
  })

  it('prints its records', async () => {
    const cli = createTestCli({ client: { verify: () => parts(damage({}), done(1)) } })
    expect(await cli.run('verify', '--json')).toBe(1)
    expect(lines(cli.out.text)).toEqual([damage({}), done(1)])
    expect(cli.err.text).toBe('')
  })

  it('does not take a check that was cut off for a good one', async () => {
    const cli = createTestCli({ client: { verify: () => parts<VerifyRecord>() } })
    expect(await cli.run('verify')).toBe(1)
    expect(cli.err.text).toContain('Error: the server ended the check before it was done')
  })

  it('says what the server says of a model that is not there', async () => {
    async function* verify(): AsyncGenerator<VerifyRecord> {
      yield* []
      throw answered(404, "model 'nope' not found")
    }
    const cli = createTestCli({ client: { verify } })
    expect(await cli.run('verify', 'nope')).toBe(1)
    expect(cli.err.text).toBe("Error: model 'nope' not found\n")
  })
})

describe('list --partial', () => {
  const partials = async () => ({
    partials: [
      { digest, models: ['m:latest', 'm:7b'], completed: 512, total: 1024, modified_at: '2026-08-21T10:00:00Z' },
      { digest: digest.replaceAll('ab', 'cd'), models: [], completed: 0, total: 0, modified_at: '2026-08-20T10:00:00Z' },
    ],
  })

  it('shows how far downloads are', async () => {
    const cli = createTestCli({ client: { partials } })
    expect(await cli.run('list', '--partial')).toBe(0)
    expect(cli.out.text.split('\n').map((line) => line.trimEnd())).toEqual([
      'DIGEST          MODEL             DONE     TOTAL     PERCENT    MODIFIED',
      'abababababab    m:latest, m:7b    512 B    1.0 KB    50%        2 hours ago',
      'cdcdcdcdcdcd    -                 0 B      -         -          26 hours ago',
      '',
    ])
  })

  it('prints JSON', async () => {
    const cli = createTestCli({ client: { partials } })
    await cli.run('ls', '--partial', '--json')
    expect(JSON.parse(cli.out.text)).toEqual(await partials())
  })
})

describe('pull --all', () => {
  const origins = async () => ({
    models: [
      { name: 'new:latest', origin: 'registry' as const },
      { name: 'mine:latest', origin: 'local' as const },
      { name: 'gone:latest', origin: 'registry' as const },
      { name: 'same:latest', origin: 'registry' as const },
    ],
  })
  const createClient = () => {
    const pulled: unknown[] = []
    let isAfter = false
    return {
      pulled,
      origins,
      tags: async () => {
        const models = ['new:latest', 'mine:latest', 'gone:latest', 'same:latest'].map((name) => ({
          name,
          digest: name === 'new:latest' && isAfter ? 'b' : 'a',
        }))
        isAfter = true
        return { models } as never
      },
      async *pull(request: { model: string }) {
        pulled.push(request)
        yield { status: 'pulling manifest' }
        if (request.model === 'gone:latest') throw new AppError('internal', 'file does not exist', { details: { status: 200 } })
        yield { status: 'success' }
      },
    }
  }

  it('goes on after a failure, leaves out what was made here, and sums up', async () => {
    const client = createClient()
    const cli = createTestCli({ client })
    expect(await cli.run('pull', '--all', '--insecure')).toBe(1)
    expect(client.pulled).toEqual(['new', 'gone', 'same'].map((name) => ({ model: `${name}:latest`, insecure: true })))
    expect(cli.err.text).toBe(
      'new:latest:\npulling manifest\nsuccess\nmine:latest: made on this machine, not from a registry\n' +
        'gone:latest:\npulling manifest\nError: gone:latest: file does not exist\nsame:latest:\npulling manifest\nsuccess\n',
    )
    expect(cli.out.text).toBe('1 updated, 1 unchanged, 1 failed\n')
  })

  it('prints records that name their models', async () => {
    const cli = createTestCli({ client: createClient() })
    expect(await cli.run('pull', '--all', '--json')).toBe(1)
    expect(lines(cli.out.text)).toEqual([
      { model: 'new:latest', status: 'pulling manifest' },
      { model: 'new:latest', status: 'success' },
      { model: 'mine:latest', status: 'skipped' },
      { model: 'gone:latest', status: 'pulling manifest' },
      { model: 'gone:latest', error: 'file does not exist' },
      { model: 'same:latest', status: 'pulling manifest' },
      { model: 'same:latest', status: 'success' },
    ])
  })

  it.each([
    [['--all', 'm'], '--all updates all models: name none'],
    [[], 'accepts 1 arg(s), received 0'],
    [['a', 'b'], 'accepts 1 arg(s), received 2'],
  ])('refuses %j', async (words, message) => {
    const cli = createTestCli()
    expect(await cli.run('pull', ...words)).toBe(1)
    expect(cli.err.text).toBe(`Error: ${message}\n`)
  })
})

describe('stop --server', () => {
  let home: string
  beforeEach(() => {
    home = mkdtempSync(path.join(os.tmpdir(), 'stop-server-'))
  })
  afterEach(() => rmSync(home, { recursive: true }))

  function leaveKey(): string {
    const file = serverKeyFile(home, 11434)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, 'secret')
    return file
  }

  it('shows the key and waits until the server has ended', async () => {
    const file = leaveKey()
    const asked: unknown[] = []
    let sleeps = 0
    const sleep = async () => {
      sleeps += 1
      if (sleeps === 3) rmSync(file)
    }
    const cli = createTestCli({ config: { home }, client: { stop: async (request) => void asked.push(request) }, processes: { sleep } })
    expect(await cli.run('stop', '--server')).toBe(0)
    expect(asked).toEqual([{ key: 'secret' }])
    expect([cli.out.text, sleeps]).toEqual(['', 3])
  })

  it('gives up on a server that does not end', async () => {
    leaveKey()
    const cli = createTestCli({ config: { home }, client: { stop: async () => {} } })
    expect(await cli.run('stop', '--server')).toBe(1)
    expect(cli.err.text).toBe('Error: the server did not end within 20 s\n')
  })

  it('does not end what it did not start', async () => {
    const foreign = createTestCli({ config: { home } })
    expect(await foreign.run('stop', '--server')).toBe(1)
    expect(foreign.err.text).toContain('Llamero 0.1.0 at http://127.0.0.1:11434 was started by another user, or elsewhere')
    const remote = createTestCli({ config: { home, serverUrl: 'http://far.test:11434' } })
    expect(await remote.run('stop', '--server')).toBe(1)
    expect(remote.err.text).toContain('is on another machine')
    const none = createTestCli({ config: { home }, client: { versions: () => Promise.reject(unreachable()) } })
    expect(await none.run('stop', '--server')).toBe(1)
    expect(none.err.text).toContain('could not connect')
  })

  it.each([
    [['--server', 'm'], '--server ends the server with all its models: name none'],
    [[], 'accepts 1 arg(s), received 0'],
  ])('refuses %j', async (words, message) => {
    const cli = createTestCli()
    expect(await cli.run('stop', ...words)).toBe(1)
    expect(cli.err.text).toBe(`Error: ${message}\n`)
  })
})

describe('--json', () => {
  it('prints the records of a pull and of a push as they come', async () => {
    const records = [{ status: 'pulling manifest' }, { status: 'pulling ab', digest, total: 2, completed: 1 }, { status: 'success' }]
    const cli = createTestCli({ client: { pull: () => parts(...records), push: () => parts(...records) } })
    expect(await cli.run('pull', 'm', '--json')).toBe(0)
    expect(lines(cli.out.text)).toEqual(records)
    cli.out.reset()
    expect(await cli.run('push', 'm', '--json')).toBe(0)
    expect(lines(cli.out.text)).toEqual(records)
    expect(cli.err.text).toBe('')
  })

  it('is no success when the stream ends early', async () => {
    const cli = createTestCli({ client: { pull: () => parts({ status: 'pulling manifest' }) } })
    expect(await cli.run('pull', 'm', '--json')).toBe(1)
    expect(cli.err.text).toBe('Error: the server ended the transfer without saying that it succeeded\n')
  })

  it('tells of cp, rm and stop', async () => {
    const client = {
      copy: async () => {},
      show: async () => ({}) as never,
      generate: () => parts<never>(),
      delete: async ({ model }: { model: string }) => {
        if (model === 'nope') throw answered(404, "model 'nope' not found")
      },
    }
    const cli = createTestCli({ client })
    await cli.run('cp', 'a', 'b', '--json')
    expect(JSON.parse(cli.out.text)).toEqual({ status: 'copied', source: 'a', destination: 'b' })
    cli.out.reset()
    expect(await cli.run('rm', 'nope', 'b', '--json')).toBe(1)
    expect(lines(cli.out.text)).toEqual([
      { status: 'failed', model: 'nope', error: "model 'nope' not found" },
      { status: 'deleted', model: 'b' },
    ])
    cli.out.reset()
    await cli.run('stop', 'a', '--json')
    expect(JSON.parse(cli.out.text)).toEqual({ status: 'stopped', model: 'a' })
  })

  it('tells the versions', async () => {
    const cli = createTestCli()
    expect(await cli.run('--version', '--json')).toBe(0)
    expect(JSON.parse(cli.out.text)).toEqual({
      server: { version: '1.0.0', llamero: '0.1.0' },
      client: { version: '1.0.0', llamero: '0.1.0' },
    })
    const alone = createTestCli({ client: { versions: () => Promise.reject(unreachable()) } })
    await alone.run('-v', '--json')
    expect(JSON.parse(alone.out.text).server).toBeNull()
  })

  it('prints what the server writes for a prompt', async () => {
    const records = [
      { model: 'm', created_at: '', response: 'Hi', done: false },
      { model: 'm', created_at: '', response: '', done: true },
    ]
    const client = { show: async () => ({ capabilities: ['completion'], model_info: {} }) as never, generate: () => parts(...records) }
    const cli = createTestCli({ client })
    expect(await cli.run('run', 'm', 'hello', '--json')).toBe(0)
    expect(lines(cli.out.text)).toEqual(records)
  })
})

describe('an error of a server of another version', () => {
  const copy = () => Promise.reject(answered(400, 'source "a" is invalid'))

  it('names both versions', async () => {
    const cli = createTestCli({ program: 'llamero', client: { copy, versions: async () => ({ version: '1.0.0', llamero: '0.0.9' }) } })
    expect(await cli.run('cp', 'a', 'b')).toBe(1)
    expect(cli.err.text).toBe(
      'Error: source "a" is invalid\n' +
        "The server is Llamero 0.0.9, and this program is 0.1.0: a server from before an update may still run ('llamero stop --server' ends it).\n",
    )
    const failed = () => Promise.reject(answered(500, 'disk on fire'))
    const real = createTestCli({ client: { copy: failed, versions: ollama } })
    await real.run('cp', 'a', 'b')
    expect(real.err.text).toContain('The server is Ollama 0.33.0, and this program stands in for 1.0.0.\n')
  })

  it('stays alone where it is about a name, and where Ollama says that a request is wrong', async () => {
    const unknown = createTestCli({
      client: {
        copy: () => Promise.reject(answered(404, 'model "a" not found')),
        versions: async () => ({ version: '1', llamero: '0.0.9' }),
      },
    })
    await unknown.run('cp', 'a', 'b')
    expect(unknown.err.text).toBe('Error: model "a" not found\n')
    const real = createTestCli({ client: { copy, versions: ollama } })
    await real.run('cp', 'a', 'b')
    expect(real.err.text).toBe('Error: source "a" is invalid\n')
  })

  it('stays alone where they are the same, and where the server does not tell', async () => {
    const same = createTestCli({ client: { copy } })
    await same.run('cp', 'a', 'b')
    const silent = createTestCli({ client: { copy, versions: () => Promise.reject(unreachable()) } })
    await silent.run('cp', 'a', 'b')
    expect([same.err.text, silent.err.text]).toEqual(['Error: source "a" is invalid\n', 'Error: source "a" is invalid\n'])
  })
})

describe('doctor', () => {
  const good: CheckBody = { name: 'engine', level: 'ok', text: 'llama.cpp' }
  const bad: CheckBody = { name: 'store', level: 'fail', text: 'ada may not enter /srv', advice: 'let ada in' }

  it('asks the server and prints what it finds', async () => {
    const cli = createTestCli({ client: { doctor: async () => ({ checks: [good] }) } })
    expect(await cli.run('doctor')).toBe(0)
    expect(cli.out.text).toBe('ok    server     Llamero 0.1.0 answers at http://127.0.0.1:11434\nok    engine     llama.cpp\n')
  })

  it('ends with status 1 when something fails, and says what to do', async () => {
    const cli = createTestCli({
      client: { doctor: async () => ({ checks: [bad] }) },
      config: { warnings: ['OLLAMA_MAX_QUEUE: "x" is not a count'] },
    })
    expect(await cli.run('doctor')).toBe(1)
    expect(cli.out.text).toContain('fail  store      ada may not enter /srv\n                 -> let ada in\n')
    expect(cli.out.text).toContain('warn  settings   OLLAMA_MAX_QUEUE: "x" is not a count\n')
  })

  it('checks by itself where no server runs, and where the server cannot tell', async () => {
    const none = createTestCli({
      config: { serverUrl: 'http://far.test:1' },
      client: { versions: () => Promise.reject(unreachable()) },
      diagnose: async () => [good],
    })
    expect(await none.run('doctor', '--json')).toBe(0)
    expect(JSON.parse(none.out.text).checks).toEqual([expect.objectContaining({ name: 'server', level: 'warn' }), good])
    const older = createTestCli({
      client: { versions: async () => ({ version: '1.0.0', llamero: '0.0.9' }), doctor: () => Promise.reject(answered(404, 'not found')) },
      diagnose: async () => [good],
    })
    expect(await older.run('doctor')).toBe(0)
    expect(older.out.text).toContain('warn  server     Llamero 0.0.9 answers at http://127.0.0.1:11434, and this program is 0.1.0\n')
  })
})
