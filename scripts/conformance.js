// Runs the recorded cases of ../shared/conformance against a server of ours with an empty store, on a port that is free.
// docs/conformance-differs.json: what we do better on purpose, and where the difference must lie (`at`), so that a name hides nothing else. tests/conformance-pending.json: cases not yet expected to pass; one of
// them that passes is an error, so the list only shrinks. Further arguments go to the kit (--only REGEX).

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const kit = path.join(root, '..', 'shared', 'conformance', 'run.mjs')
if (!existsSync(kit)) {
  console.log('../shared/conformance is not here: the conformance cases are left out')
  process.exit(0)
}
const gguf = process.env.LLAMERO_TEST_GGUF ?? path.join(root, '.cache', 'SmolLM2-135M-Instruct.Q4_1.gguf')
const differs = JSON.parse(readFileSync(path.join(root, 'docs', 'conformance-differs.json'), 'utf8'))
const expectedPlaces = Object.entries(differs.at).map(([name, place]) => [new RegExp(`^(?:${name})$`), new RegExp(place)])
const pending = new Set(JSON.parse(readFileSync(path.join(root, 'tests', 'conformance-pending.json'), 'utf8')).cases)

const home = mkdtempSync(path.join(os.tmpdir(), 'llamero-conformance-'))
const port = await freePort()
const url = `http://127.0.0.1:${port}`
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('OLLAMA_') && !name.startsWith('LLAMERO_')),
)
const server = spawn(process.execPath, [path.join(root, 'bin', 'llamero.js'), 'serve'], {
  env: {
    ...environment,
    HOME: home,
    LLAMERO_HOME: path.join(home, '.llamero'),
    OLLAMA_MODELS: path.join(home, 'models'),
    OLLAMA_HOST: `127.0.0.1:${port}`,
  },
  stdio: ['ignore', 'ignore', process.env.LLAMERO_CONFORMANCE_LOG ? 'inherit' : 'ignore'],
})
process.on('exit', () => {
  server.kill('SIGKILL')
  rmSync(home, { recursive: true, force: true })
})
await untilAnswers()

let passed = 0
let differing = 0
let waiting = 0
const failures = []
const run = spawn(
  process.execPath,
  [kit, '--url', url, '--gguf', gguf, '--json', '--differs', path.join(root, 'docs', 'conformance-differs.json'), ...process.argv.slice(2)],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
  },
)
for await (const line of createInterface({ input: run.stdout })) {
  if (line.startsWith('{')) judge(JSON.parse(line))
}
for (const failure of failures) console.log(failure)
if (differing) console.log(`${differing} differ on purpose (docs/conformance-differs.json)`)
if (waiting) console.log(`${waiting} are not yet expected to pass (tests/conformance-pending.json)`)
console.log(`conformance: ${passed} passed, ${failures.length} failed`)
server.kill('SIGTERM')
process.exitCode = failures.length > 0 || passed === 0 ? 1 : 0
process.exit()

function judge(result) {
  if (result.differs) {
    const [, place] = expectedPlaces.find(([name]) => name.test(result.name)) ?? []
    if (place?.test(result.difference)) differing++
    else failures.push(`FAIL ${result.name}: it differs elsewhere than docs/conformance-differs.json says: ${result.difference}`)
  } else if (result.ok && pending.has(result.name))
    failures.push(`FAIL ${result.name}: it passes now; take it off tests/conformance-pending.json`)
  else if (result.ok) passed++
  else if (pending.has(result.name)) waiting++
  else failures.push(`FAIL ${result.name}: ${result.difference}`)
}

async function freePort() {
  const probe = net.createServer()
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  return port
}

async function untilAnswers() {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (server.exitCode !== null) break
    if ((await fetch(url).catch(() => undefined))?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  console.error('the server did not start')
  process.exit(1)
}
