// What keeps models from running here, or will: each check says what it found and, where something is wrong, what to do about it. A check that
// cannot be made is itself a finding; none of them changes anything.

import { formatBytes } from '../../base/bytes.ts'
import { type AppError, isAppError, toAppError } from '../../base/errors.ts'
import { shortName } from '../../model/name.ts'
import { type Environment, readProxies } from '../../registry/proxy.ts'
import type { OpenRegistry } from '../../registry/registry.ts'
import type { ProbeEngine } from '../../runner/runner.ts'
import type { Devices } from '../../scheduler/devices.ts'
import type { LoadTarget, Memory } from '../../scheduler/target.ts'
import type { OpenStore, StoredManifest } from '../../store/store.ts'
import { toLoadTarget } from '../load-target.ts'
import type { ModelReader } from '../model.ts'
import { describeFolderProblem, type ProcessUser } from './folder-problem.ts'

export interface Check {
  name: string
  level: 'ok' | 'warn' | 'fail'
  text: string
  /** What to do; absent where nothing is wrong. */
  advice?: string
}

export interface DiagnosisDependencies {
  store: OpenStore
  registry: Pick<OpenRegistry, 'reach'>
  reader: ModelReader
  probeEngine: ProbeEngine
  memory: () => Memory
  devices: () => Devices
  /** What a model takes with the server's own settings. */
  estimateBytes: (target: LoadTarget) => number
  environment: Environment
  runtime: { nodeVersion: string; user: ProcessUser }
}

const OLDEST_NODE = [20, 19] as const
const REACH_MS = 3000
/** A model of a usual size does not fit any more / nothing does. */
const LITTLE_DISK_BYTES = 10e9
const NO_DISK_BYTES = 500e6

type Finding = Omit<Check, 'name'>

type Step = readonly [name: string, finding: Finding | Promise<Finding>]

export async function diagnose(dependencies: DiagnosisDependencies): Promise<Check[]> {
  const { runtime, probeEngine, store, environment, registry } = dependencies
  const folder = await guarded(checkFolder(store, runtime.user))
  const engine = probeEngine()
  // Where the folder is out of reach these would say the same again.
  const inFolder = (): Step[] => [
    ['models', checkModels(store)],
    ['disk', checkDisk(store)],
    ['memory', checkMemory(dependencies)],
  ]
  const checks: readonly Step[] = [
    ['node', checkNode(runtime.nodeVersion)],
    ['engine', checkEngine(engine)],
    ['devices', checkDevices(dependencies.devices(), engine)],
    ['store', folder],
    ...(folder.level === 'fail' ? [] : inFolder()),
    ['proxies', checkProxies(environment)],
    ['registry', checkRegistry(registry)],
  ]
  return Promise.all(checks.map(async ([name, finding]) => ({ name, ...(await guarded(finding)) })))
}

async function guarded(finding: Finding | Promise<Finding>): Promise<Finding> {
  try {
    return await finding
  } catch (error) {
    return { level: 'fail', text: `could not be checked: ${toAppError(error).message}`, advice: 'look into the log of the server' }
  }
}

function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])
  if (!isOld) return { level: 'ok', text: `version ${version}` }
  return { level: 'fail', text: `version ${version}`, advice: `install Node.js ${OLDEST_NODE.join('.')} or newer` }
}

async function checkEngine(engine: ReturnType<ProbeEngine>): Promise<Finding> {
  try {
    const { version, variant, system } = await engine
    const features = [...system.matchAll(/(\w+) = 1\b/g)].map(([, name]) => name).join(' ')
    return { level: 'ok', text: `llama.cpp ${version} (${variant}), its structs are as expected; ${features}` }
  } catch (error) {
    const advice = 'install Llamero again with its optional packages: they carry the engine'
    return { level: 'fail', text: toAppError(error).message, advice }
  }
}

/** Silence about a graphics card that nobody uses is what users of Ollama complain about. */
async function checkDevices({ cores, gpus }: Devices, engine: ReturnType<ProbeEngine>): Promise<Finding> {
  const processors = `${cores} processor${cores === 1 ? '' : 's'}`
  const variant = await engine.then(
    (probe) => probe.variant,
    () => '',
  )
  const backend = /-(metal|cuda|vulkan|hip)\b/.exec(variant)?.[1]
  if (backend !== undefined) return { level: 'ok', text: `${processors}, and a GPU through ${backend}` }
  if (gpus.length === 0) return { level: 'ok', text: `${processors}, no GPU` }
  const advice = 'nothing is broken: builds of the engine for GPUs are not part of Llamero yet'
  return { level: 'warn', text: `${processors}; a GPU by ${gpus.join(' and ')} is here, but this engine computes on processors`, advice }
}

async function checkFolder(store: OpenStore, user: ProcessUser): Promise<Finding> {
  const problem = await store.maintenance.findFolderProblem()
  return problem ? { level: 'fail', ...describeFolderProblem(problem, user) } : { level: 'ok', text: store.root }
}

async function checkModels(store: OpenStore): Promise<Finding> {
  const corrupt = await store.maintenance.corruptManifests()
  const models = await store.manifests.list()
  const incomplete = []
  for (const stored of models) if (!(await isComplete(stored, store))) incomplete.push(shortName(stored.name))
  if (corrupt.length === 0 && incomplete.length === 0) {
    const partials = (await store.maintenance.partials()).length
    return { level: 'ok', text: `${models.length} installed${partials === 0 ? '' : `, ${partials} unfinished downloads`}` }
  }
  const parts = [
    ...(incomplete.length === 0 ? [] : [`parts are missing of ${incomplete.join(', ')}`]),
    ...(corrupt.length === 0 ? [] : [`manifests that cannot be read: ${corrupt.join(', ')}`]),
  ]
  return { level: 'warn', text: parts.join('; '), advice: 'pull these models again, or remove them' }
}

async function isComplete({ manifest }: StoredManifest, store: OpenStore): Promise<boolean> {
  for (const { digest, sizeBytes } of [...manifest.layers, manifest.config]) {
    if (!(await store.blobs.has(digest)) || (await store.blobs.sizeBytes(digest)) !== sizeBytes) return false
  }
  return true
}

async function checkDisk(store: OpenStore): Promise<Finding> {
  const free = await store.freeBytes()
  const text = `${formatBytes(free)} free where the models are`
  if (free >= LITTLE_DISK_BYTES) return { level: 'ok', text }
  const advice = 'remove models (rm) or what nobody needs (prune --partial), or set OLLAMA_MODELS to a folder on a larger disk'
  return { level: free < NO_DISK_BYTES ? 'fail' : 'warn', text, advice }
}

async function checkMemory({ store, reader, memory, estimateBytes }: DiagnosisDependencies): Promise<Finding> {
  const { totalBytes, freeBytes } = memory()
  const text = `${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} available`
  let largest: { name: string; neededBytes: number } | undefined
  for (const stored of await store.manifests.list()) {
    const neededBytes = await estimateModel(stored, reader, estimateBytes)
    if (neededBytes !== undefined && neededBytes > (largest?.neededBytes ?? 0)) largest = { name: shortName(stored.name), neededBytes }
  }
  if (!largest) return { level: 'ok', text }
  const need = `${text}; the largest model, ${largest.name}, needs about ${formatBytes(largest.neededBytes)}`
  if (largest.neededBytes > totalBytes) {
    return {
      level: 'warn',
      text: need,
      advice: `${largest.name} cannot run on this machine: choose a smaller one, or one that is quantized further`,
    }
  }
  if (largest.neededBytes <= freeBytes) return { level: 'ok', text: need }
  return { level: 'warn', text: need, advice: 'stop other models or programs before you run it, or lower OLLAMA_CONTEXT_LENGTH' }
}

/** Undefined for what cannot be run anyway; the check of the models says why. */
async function estimateModel(
  stored: StoredManifest,
  reader: ModelReader,
  estimateBytes: (target: LoadTarget) => number,
): Promise<number | undefined> {
  try {
    return estimateBytes(toLoadTarget(await reader.describe(stored)))
  } catch (error) {
    if (!isAppError(error)) throw error
    return undefined
  }
}

const PROXY_NAMES = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'] as const

function checkProxies(environment: Environment): Finding {
  const seen = PROXY_NAMES.flatMap((name) => {
    const value = environment[name.toLowerCase()] || environment[name]
    return value ? [`${name}=${name === 'NO_PROXY' ? value : withoutPassword(value)}`] : []
  })
  if (seen.length === 0) return { level: 'ok', text: 'none is set' }
  const choose = readProxies(environment)
  try {
    for (const secure of [true, false]) choose({ host: 'registry.ollama.ai', port: secure ? 443 : 80, secure })
  } catch (error) {
    if (!isAppError(error)) throw error
    return { level: 'fail', text: `${seen.join(' ')}: ${error.message}`, advice: 'set it to http://host:port where the server is started' }
  }
  return { level: 'ok', text: seen.join(' ') }
}

function withoutPassword(proxy: string): string {
  return proxy.replace(/\/\/[^@/]*@/, '//***@').replace(/^[^/@]*@/, '***@')
}

async function checkRegistry(registry: Pick<OpenRegistry, 'reach'>): Promise<Finding> {
  try {
    const status = await registry.reach(AbortSignal.timeout(REACH_MS))
    return { level: 'ok', text: `registry.ollama.ai answers (${status})` }
  } catch (error) {
    const advice =
      'models that are here run all the same; to pull others, see to the network, or set HTTPS_PROXY where the server is started'
    return { level: 'warn', text: `registry.ollama.ai cannot be reached: ${explainUnreachable(toAppError(error))}`, advice }
  }
}

function explainUnreachable(error: AppError): string {
  return error.code === 'cancelled' ? `no answer within ${REACH_MS / 1000} seconds` : error.message
}
