// The verbs that look after the store and the server, as the shipped program runs them.

import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSmol } from '../support/models.ts'
import { program } from '../support/paths.ts'
import { cleanEnvironment, freePort, startServer, type TestServer } from '../support/server.ts'
import { TEST_MODEL_SHA256 } from '../support/test-model.ts'
import { missingDockerRegistry, startDockerRegistry } from './docker-registry.ts'

interface Outcome {
  status: number | null
  out: string
  err: string
}

let folder: string
let server: TestServer
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'llamero-maintenance-'))
  mkdirSync(path.join(folder, 'bin'))
  symlinkSync(program, path.join(folder, 'bin', 'llamero'))
  server = await startServer()
  await createSmol(server.url)
})
afterAll(async () => {
  await server.stop()
  server.clean()
  rmSync(folder, { recursive: true, force: true })
})

async function run(environment: Record<string, string>, words: string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [program, ...words], { cwd: folder, env: { ...cleanEnvironment(), HOME: folder, ...environment } })
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  child.stdin.end()
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, out, err }
}

const llamero = (...words: string[]) =>
  run({ OLLAMA_HOST: new URL(server.url).host, LLAMERO_HOME: path.join(server.home, '.llamero') }, words)
const blobs = () => path.join(server.models, 'blobs')
const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('the store', () => {
  it('is pruned of what nothing refers to, after it was shown', async () => {
    const hex = createHash('sha256').update('stray').digest('hex')
    writeFileSync(path.join(blobs(), `sha256-${hex}`), 'stray')
    const dry = await llamero('prune', '--dry-run')
    expect(dry).toEqual({ status: 0, out: `would remove blob ${hex.slice(0, 12)} (5 B)\n5 B would be freed\n`, err: '' })
    expect((await llamero('prune')).out).toBe(`removed blob ${hex.slice(0, 12)} (5 B)\n5 B freed\n`)
    expect((await llamero('prune')).out).toBe('nothing to remove\n')
    expect((await llamero('run', 'smol', 'hi', '-o', 'num_predict=2')).status).toBe(0)
  })

  it('shows unfinished downloads and removes them on request', async () => {
    const name = `sha256-${'c'.repeat(64)}-partial`
    writeFileSync(path.join(blobs(), name), 'half')
    truncateSync(path.join(blobs(), name), 1000)
    writeFileSync(path.join(blobs(), `${name}-0`), '{"N":0,"Offset":0,"Size":1000,"Completed":250}\n')
    expect((await llamero('list', '--partial')).out).toMatch(/^DIGEST .*\ncccccccccccc {4}- +250 B +1 KB +25% .*ago +\n$/)
    expect((await llamero('prune')).out).toBe('nothing to remove\n')
    expect((await llamero('prune', '--partial')).out).toMatch(/^removed unfinished download cccccccccccc \(/)
    expect(JSON.parse((await llamero('list', '--partial', '--json')).out)).toEqual({ partials: [] })
  })

  it('is verified: damage is found, named and removed, so that it can be fetched again', async () => {
    expect(await llamero('verify')).toMatchObject({
      status: 0,
      out: expect.stringMatching(/^\d blobs checked \(98 MB\), none is damaged\n$/),
    })
    const list = JSON.parse((await llamero('list', '--json')).out) as { models: { name: string }[] }
    expect(list.models.map(({ name }) => name)).toEqual(['smol:latest'])
    const file = path.join(blobs(), `sha256-${TEST_MODEL_SHA256}`)
    truncateSync(file, 98_000_000)
    const found = await llamero('verify', 'smol')
    expect(found.status).toBe(1)
    expect(found.out).toContain(`blob ${TEST_MODEL_SHA256.slice(0, 12)}, of smol:latest: has other bytes than its name says\n`)
    const doctor = await llamero('doctor')
    expect(doctor.out).toContain('warn  models     parts are missing of smol:latest\n')
    const fixed = lines((await llamero('verify', '--fix', '--json')).out)
    expect(fixed).toContainEqual(expect.objectContaining({ status: 'damaged', reason: 'hash', removed: true, models: ['smol:latest'] }))
    expect(existsSync(file)).toBe(false)
    await createSmol(server.url)
    expect((await llamero('verify')).status).toBe(0)
  })

  it('does not know a model that is not there', async () => {
    expect(await llamero('verify', 'nope')).toMatchObject({ status: 1, err: "Error: model 'nope' not found\n" })
  })
})

const noRegistry = missingDockerRegistry()
describe.skipIf(noRegistry !== undefined)('pull --all', () => {
  it('updates what came from a registry, leaves alone what did not, and goes on after a failure', async () => {
    const registry = await startDockerRegistry()
    let stopped: Promise<void> | undefined
    const stopRegistry = () => (stopped ??= registry.stop())
    try {
      const there = `${registry.host}/library/there`
      const gone = `${registry.host}/library/gone`
      await llamero('cp', 'smol', there)
      expect(lines((await llamero('push', there, '--insecure', '--json')).out).at(-1)).toEqual({ status: 'success' })
      await llamero('cp', 'smol', gone)
      await llamero('push', gone, '--insecure')
      await llamero('rm', there, gone)
      for (const name of [there, gone]) expect((await llamero('pull', name, '--insecure')).status).toBe(0)
      await llamero('cp', there, 'copy')

      expect(await llamero('pull', '--all', '--insecure')).toMatchObject({ status: 0, out: '0 updated, 2 unchanged, 0 failed\n' })
      writeFileSync(path.join(folder, 'Changed'), `FROM ${gone}\nSYSTEM changed\n`)
      await llamero('create', there, '-f', path.join(folder, 'Changed'))
      await stopRegistry()
      const failing = await llamero('pull', '--all', '--insecure')
      expect(failing).toMatchObject({ status: 1, out: '0 updated, 0 unchanged, 1 failed\n' })
      expect(failing.err).toContain(`Error: ${gone}:latest: `)
      for (const name of ['smol:latest', 'copy:latest', `${there}:latest`])
        expect(failing.err).toContain(`${name}: made on this machine, not from a registry\n`)
      await llamero('rm', there, gone, 'copy')
    } finally {
      await stopRegistry()
    }
  })
})

describe('doctor', () => {
  it('sees the server, the engine, the store and the model', async () => {
    const { out } = await llamero('doctor', '--json')
    const checks = (JSON.parse(out) as { checks: { name: string; level: string; text: string }[] }).checks
    expect(checks.map(({ name }) => name)).toEqual([
      'server',
      'node',
      'engine',
      'devices',
      'store',
      'models',
      'disk',
      'memory',
      'proxies',
      'registry',
    ])
    const found = Object.fromEntries(checks.map((check) => [check.name, check]))
    expect(found.server).toMatchObject({ level: 'ok', text: expect.stringContaining(server.url) })
    expect(found.engine).toMatchObject({
      level: 'ok',
      text: expect.stringMatching(/^llama\.cpp 0\.5\.0\S* \(\S+\), its structs are as expected; .*\S$/),
    })
    expect(found.store).toMatchObject({ level: 'ok', text: server.models })
    expect(found.memory?.text).toContain('the largest model, smol:latest, needs about')
  })

  it('looks by itself where no server runs, and makes nothing', async () => {
    const models = path.join(folder, 'nothing', 'models')
    const environment = {
      OLLAMA_HOST: `127.0.0.1:${await freePort()}`,
      OLLAMA_MODELS: models,
      LLAMERO_HOME: path.join(folder, 'nothing', 'home'),
    }
    const { out } = await run(environment, ['doctor'])
    expect(out).toMatch(/^warn {2}server {5}none answers at /)
    expect(out).toContain(`ok    store      ${models}\n`)
    expect(existsSync(path.join(folder, 'nothing'))).toBe(false)
    const blocked = await run({ ...environment, OLLAMA_MODELS: '/dev/null/models' }, ['doctor'])
    expect(blocked).toMatchObject({ status: 1, out: expect.stringContaining('fail  store      /dev/null is not a folder\n') })
  })

  it('names the stranger on the port', async () => {
    const stranger = http.createServer((_, reply) => void reply.end('hello')).listen(0, '127.0.0.1')
    await once(stranger, 'listening')
    const { port } = stranger.address() as { port: number }
    const { status, out } = await run({ OLLAMA_HOST: `127.0.0.1:${port}`, OLLAMA_MODELS: path.join(folder, 'none') }, ['doctor'])
    stranger.close()
    expect(status).toBe(1)
    expect(out).toMatch(/^fail {2}server {5}something else answers at /)
    if (process.platform === 'linux') expect(out).toContain(`(process ${process.pid}: `)
  })
})

describe('stop --server', () => {
  it('ends the server of this user, and no other', async () => {
    const other = await startServer()
    try {
      const address = { OLLAMA_HOST: new URL(other.url).host }
      const stranger = await run({ ...address, LLAMERO_HOME: path.join(folder, 'else') }, ['stop', '--server'])
      expect(stranger).toMatchObject({ status: 1, err: expect.stringContaining('was started by another user, or elsewhere') })
      const ended = once(other.process, 'exit')
      const stopped = await run({ ...address, LLAMERO_HOME: path.join(other.home, '.llamero') }, ['stop', '--server', '--json'])
      expect(stopped).toMatchObject({ status: 0, err: '' })
      expect(JSON.parse(stopped.out)).toEqual({ status: 'stopped', server: other.url })
      expect(await ended).toEqual([0, null])
      expect(readdirSync(path.join(other.home, '.llamero', 'run'))).toEqual([])
    } finally {
      await other.kill()
      other.clean()
    }
  })
})

describe('completion', () => {
  const shell = (name: string, parameters: string[]) =>
    spawnSync(name, parameters, {
      encoding: 'utf8',
      env: {
        ...cleanEnvironment(),
        HOME: folder,
        OLLAMA_HOST: new URL(server.url).host,
        PATH: `${path.join(folder, 'bin')}:${process.env.PATH}`,
      },
    })
  const has = (name: string) => spawnSync(name, ['--version']).status === 0

  it('completes in bash, also behind a colon', () => {
    const script = `source <(llamero completion bash)
      try() { COMP_LINE="$1"; COMP_POINT=\${#1}; _llamero_complete; printf '%s|' "\${COMPREPLY[@]}"; echo; }
      try 'llamero show sm'; try 'llamero show smol:la'; try 'llamero pru'; try 'llamero prune --d'`
    expect(shell('bash', ['-c', script])).toMatchObject({ status: 0, stdout: 'smol:latest|\nlatest|\nprune|\n--dry-run|\n', stderr: '' })
  })

  it.skipIf(!has('fish'))('completes in fish', () => {
    const script = 'llamero completion fish | source; complete -C "llamero show sm"; complete -C "llamero pru"'
    expect(shell('fish', ['-c', script]).stdout.split(/\s+/)).toEqual(expect.arrayContaining(['smol:latest', 'prune']))
  })

  it.skipIf(!has('zsh'))('is a script that zsh reads', () => {
    expect(
      shell('zsh', ['-f', '-c', 'autoload -Uz compinit; compinit -u -D; source <(llamero completion zsh); print $_comps[llamero]']),
    ).toMatchObject({
      stdout: '_llamero\n',
      stderr: '',
    })
  })
})
