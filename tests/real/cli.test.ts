import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { program } from '../support/paths.ts'
import { cleanEnvironment, freePort, startServer, type TestServer } from '../support/server.ts'

interface Outcome {
  status: number | null
  out: string
  err: string
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'llamero-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The shipped program, with pipes for its streams. */
async function run(environment: Record<string, string>, words: string[], input = '', entry = program): Promise<Outcome> {
  const child = spawn(process.execPath, [entry, ...words], { cwd: folder, env: { ...cleanEnvironment(), HOME: folder, ...environment } })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, out, err }
}

describe('the command line and a server', () => {
  let server: TestServer
  const llamero = (...words: string[]) => run({ OLLAMA_HOST: new URL(server.url).host }, words)

  beforeAll(async () => {
    server = await startServer()
    writeFileSync(
      path.join(folder, 'Modelfile'),
      `FROM ${process.env.LLAMERO_TEST_GGUF}\nPARAMETER temperature 0\nSYSTEM """You are\nbrief."""\n`,
    )
  })
  afterAll(async () => {
    await server.stop()
    server.clean()
  })

  it('takes a model through its life', async () => {
    const created = await llamero('create', 'smol')
    expect(created).toMatchObject({ status: 0, out: '' })
    expect(created.err).toContain('importing file ')
    expect(created.err.endsWith('success\n')).toBe(true)
    const again = await llamero('create', 'smol2', '-f', 'Modelfile')
    expect(again.err).not.toContain('copying file')

    const list = await llamero('ls', 'smol2')
    expect(list.out).toMatch(/^NAME {12}ID {14}SIZE {5}MODIFIED +\nsmol2:latest {4}[0-9a-f]{12} {4}98 MB {4}.* ago {4}\n$/)
    expect(JSON.parse((await llamero('list', '--json')).out).models).toHaveLength(2)
    expect((await llamero('show', 'smol', '--system')).out).toBe('You are\nbrief.')
    expect((await llamero('show', 'smol')).out).toContain('  Model\n    architecture        llama      \n')

    const reply = await llamero('run', 'smol', 'Say hello.', '-o', 'num_predict=8', '--verbose')
    expect(reply.status).toBe(0)
    expect(reply.out).toMatch(/^\S[^\x1b]*\S\n\n$/)
    expect(reply.err).toMatch(/^total duration: {7}\S+\n[^\x1b]*eval count: {11}8 token\(s\)\n[^\x1b]*eval rate: +[\d.]+ tokens\/s\n$/)
    expect((await llamero('ps')).out).toContain('smol:latest')
    expect(await llamero('stop', 'smol')).toEqual({ status: 0, out: '', err: '' })
    expect((await llamero('ps', 'smol:latest')).out).toMatch(/^NAME.*\n(smol:latest.*Stopping\.\.\. {4}\n)?$/)

    expect((await llamero('cp', 'smol', 'copy')).out).toBe("copied 'smol' to 'copy'\n")
    const removed = await llamero('rm', 'copy', 'nope', 'smol2')
    expect(removed).toEqual({ status: 1, out: "deleted 'copy'\ndeleted 'smol2'\n", err: "Error: model 'nope' not found\n" })
  })

  it('reads a prompt from a pipe before its words', async () => {
    const flags = ['-o', 'num_predict=4', '--seed', '1']
    const piped = await run({ OLLAMA_HOST: new URL(server.url).host }, ['run', 'smol', 'Go on:', ...flags], 'One, two, three,')
    const whole = await llamero('run', 'smol', 'One, two, three, Go on:', ...flags)
    expect(piped).toEqual({ ...whole, status: 0 })
  })

  it('gives JSON when it is asked for JSON', async () => {
    const schema = { type: 'object', properties: { answer: { type: 'integer', minimum: 0, maximum: 9 } }, required: ['answer'] }
    const reply = await llamero('run', 'smol', 'How many legs has a dog?', '--format', JSON.stringify(schema))
    expect(JSON.parse(reply.out)).toEqual({ answer: expect.any(Number) })
  })

  it('says what the server says', async () => {
    expect(await llamero('show', 'nope')).toEqual({ status: 1, out: '', err: "Error: model 'nope:latest' not found\n" })
    expect((await llamero('run', 'smol', 'x', '--think')).err).toBe('Error: 400 Bad Request: "smol" does not support thinking\n')
    expect((await llamero('cp', 'nope', 'b')).err).toBe('Error: model "nope" not found\n')
  })

  it('calls itself as it was called', async () => {
    const link = path.join(folder, 'ollama')
    symlinkSync(program, link)
    const asOllama = await run({ OLLAMA_HOST: new URL(server.url).host }, ['-v'], '', link)
    expect(asOllama).toMatchObject({ status: 0, out: expect.stringMatching(/^ollama version is \d+\.\d+\.\d+\n$/) })
    expect((await llamero('--version')).out).toMatch(/^llamero version is \d+\.\d+\.\d+\n$/)
  })
})

describe('run without a server', () => {
  it('starts one that outlives it, and says when it cannot', async () => {
    const home = path.join(folder, 'home')
    const environment = { OLLAMA_HOST: `127.0.0.1:${await freePort()}`, LLAMERO_HOME: home, OLLAMA_MODELS: path.join(folder, 'models') }
    const refused = await run(environment, ['run', 'smol', 'x', '--no-start'])
    expect(refused).toEqual({ status: 1, out: '', err: "Error: could not connect to llamero server, run 'llamero serve' to start it\n" })
    expect(existsSync(home)).toBe(false)

    const first = await run(environment, ['run', 'localhost:1/none/such', '--insecure', 'x'])
    const pid = Number(/^No server is running: starting one in the background \(process (\d+), log .*server\.log\)\n/.exec(first.err)?.[1])
    try {
      expect(first.status).toBe(1)
      expect(first.err).toContain('Error: pull model manifest: ')
      expect(await run(environment, ['list'])).toMatchObject({ status: 0, err: '' })
      expect(readFileSync(path.join(home, 'logs', 'server.log'), 'utf8')).toContain('listening')
    } finally {
      process.kill(pid)
    }

    const broken = await run({ ...environment, OLLAMA_HOST: `127.0.0.1:${await freePort()}`, OLLAMA_MODELS: '/dev/null/models' }, [
      'run',
      'm',
      'x',
    ])
    expect(broken.status).toBe(1)
    expect(broken.err).toMatch(/Error: the server ended before it answered; run 'llamero serve' to see why\. Its log says:\n\S/)
  })
})
