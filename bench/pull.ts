// npm run bench:pull -- [--mib 1024] [--rounds 3]
// The built program pulls one blob over loopback into an empty store, as a client asks it to, and is compared with `curl` of the same blob and
// `sha256sum` of the file. The registry is a process of its own for both. Prints medians, the ratio, and the most memory that our server took in all.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, createReadStream, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { freePort } from '../tests/support/server.ts'
import { median } from './turns.ts'

const self = fileURLToPath(import.meta.url)
const root = path.dirname(path.dirname(self))
const { values } = parseArgs({
  options: { mib: { type: 'string', default: '1024' }, rounds: { type: 'string', default: '3' }, serve: { type: 'string' } },
})
if (values.serve) serveFolder(values.serve)
else await compare(Number(values.mib), Number(values.rounds))

async function compare(mib: number, rounds: number): Promise<void> {
  if (spawnSync(process.execPath, [path.join(root, 'scripts', 'build.js')], { stdio: 'inherit' }).status !== 0)
    throw new Error('the build failed')
  const folder = mkdtempSync(path.join(tmpdir(), 'llamero-bench-pull-'))
  const server = makeModel(folder, mib)
  try {
    const origin = await readLine(server)
    const digest = readFileSync(path.join(folder, 'digest'), 'utf8')
    const [plain, ours, memory]: [number[], number[], number[]] = [[], [], []]
    for (let round = 0; round < rounds; round++) {
      plain.push(timed(`curl -s -o ${folder}/copy ${origin}/v2/library/m/blobs/${digest} && sha256sum ${folder}/copy`))
      rmSync(path.join(folder, 'copy'))
      const pulled = await pullWithServer(folder, new URL(origin).host)
      ours.push(pulled.seconds)
      memory.push(pulled.memoryMib)
    }
    const [first = 0, second = 0] = [median(plain), median(ours)]
    console.log(
      '| scenario | curl + sha256sum | pull | ratio (above 1: the pull is faster) | memory of the server |\n|---|---|---|---|---|',
    )
    console.log(
      `| ${mib} MiB over loopback | ${first.toFixed(2)} s | ${second.toFixed(2)} s | ${(first / second).toFixed(2)} | ${Math.max(...memory).toFixed(0)} MiB |`,
    )
  } finally {
    server.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

function makeModel(folder: string, mib: number): ChildProcess {
  const hash = createHash('sha256')
  const file = openSync(path.join(folder, 'blob'), 'w')
  const chunk = Buffer.alloc(1024 * 1024)
  for (let index = 0; index < mib; index++) {
    for (let at = 0; at < chunk.length; at += 4096) chunk.writeDoubleLE(index * 257.5 + at, at)
    hash.update(chunk)
    writeSync(file, chunk)
  }
  closeSync(file)
  const config = '{"model_format":"gguf"}'
  const layer = (mediaType: string, digest: string, size: number) => ({ mediaType, digest: `sha256:${digest}`, size })
  const digest = hash.digest('hex')
  const configDigest = createHash('sha256').update(config).digest('hex')
  const manifest = {
    schemaVersion: 2,
    config: layer('application/vnd.docker.container.image.v1+json', configDigest, config.length),
    layers: [layer('application/vnd.ollama.image.model', digest, mib * chunk.length)],
  }
  writeFileSync(path.join(folder, 'digest'), `sha256:${digest}`)
  writeFileSync(path.join(folder, 'manifest'), JSON.stringify(manifest))
  writeFileSync(path.join(folder, 'config'), config)
  return spawn(process.execPath, ['--import', 'tsx', self, '--serve', folder], { stdio: ['ignore', 'pipe', 'inherit'] })
}

function serveFolder(folder: string): void {
  const digest = readFileSync(path.join(folder, 'digest'), 'utf8')
  const server = http.createServer((request, reply) => {
    const name = request.url?.includes('/manifests/') ? 'manifest' : request.url?.endsWith(digest) ? 'blob' : 'config'
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    if (first === undefined) return void createReadStream(path.join(folder, name), { highWaterMark: 512 * 1024 }).pipe(reply)
    const [start, end] = [Number(first), Number(last)]
    reply.writeHead(206, { 'content-range': `bytes ${start}-${end}/*`, 'content-length': end - start + 1 })
    createReadStream(path.join(folder, name), { start, end, highWaterMark: 512 * 1024 }).pipe(reply)
  })
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    if (address !== null && typeof address === 'object') console.log(`http://127.0.0.1:${address.port}`)
  })
}

async function readLine(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('the server has no output')
  for await (const line of createInterface({ input: child.stdout })) return line
  throw new Error('the server did not start')
}

function timed(command: string): number {
  const before = process.hrtime.bigint()
  const { status } = spawnSync('sh', ['-c', command])
  if (status !== 0) throw new Error(`${command} failed`)
  return Number(process.hrtime.bigint() - before) / 1e9
}

/** A server of its own for each round. */
async function pullWithServer(folder: string, registry: string): Promise<{ seconds: number; memoryMib: number }> {
  const home = path.join(folder, 'home')
  const port = await freePort()
  const environment = { HOME: home, LLAMERO_HOME: path.join(home, 'own'), OLLAMA_MODELS: path.join(home, 'models') }
  const server = spawn(process.execPath, [path.join(root, 'bin', 'llamero.js'), 'serve'], {
    env: { PATH: process.env.PATH, ...environment, OLLAMA_HOST: `127.0.0.1:${port}` },
    stdio: 'ignore',
  })
  const ended = once(server, 'exit')
  try {
    const url = `http://127.0.0.1:${port}`
    while (
      !(await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      ))
    )
      await new Promise((resolve) => setTimeout(resolve, 50))
    const before = process.hrtime.bigint()
    const body = JSON.stringify({ model: `${registry}/library/m:v1`, insecure: true, stream: false })
    const answer = await fetch(`${url}/api/pull`, { method: 'POST', body })
    if (!answer.ok) throw new Error(`the pull failed: ${await answer.text()}`)
    await answer.text()
    return { seconds: Number(process.hrtime.bigint() - before) / 1e9, memoryMib: peakMemoryMib(server.pid) }
  } finally {
    server.kill('SIGKILL')
    await ended
    rmSync(home, { recursive: true, force: true })
  }
}

/** The most that the kernel says the process had; NaN where it does not say. */
function peakMemoryMib(id: number | undefined): number {
  if (process.platform !== 'linux') return Number.NaN
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1]) / 1024
}
