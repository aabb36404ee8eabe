// Runs the machine's own pip to download one wheel. Its configuration (mirror, proxy, certificates, cache) is left as it is: where pip
// works, this works. Only wheels are accepted, since building a source package would run a stranger's code. The process lives in a group
// of its own, so that an abort ends it with whatever a launcher script started.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { onAbort, throwIfAborted } from '../../base/abort.ts'
import type { Clock } from '../../base/clock.ts'
import { AppError, cancelled } from '../../base/errors.ts'
import { errorCode } from '../../base/system-error.ts'
import type { Environment } from '../proxy.ts'

export interface PackageRequest {
  package: string
  version: string
  /** Empty; the wheel is put here. */
  folder: string
  signal: AbortSignal
  onBytes(completedBytes: number): void
}

export interface PackageClient {
  /** Path of the wheel. Throws `not_supported` where there is no pip, `registry_error` with pip's own words where it fails. */
  download(request: PackageRequest): Promise<string>
}

export interface PackageClientOptions {
  environment: Environment
  clock: Clock
  /** Ways to call pip, in the order in which they are tried. */
  commands?: readonly (readonly string[])[]
}

const PIP_COMMANDS = [['python3', '-m', 'pip'], ['pip3'], ['pip'], ['python', '-m', 'pip']] as const
const POLL_INTERVAL_MS = 200
const KILL_AFTER_MS = 3000
const MAX_OUTPUT_LENGTH = 16 * 1024
/** Since this version pip writes its progress for programs. */
const RAW_PROGRESS_VERSION = [24, 1] as const

export function createPackageClient(options: PackageClientOptions): PackageClient {
  return { download: (request) => download(request, options) }
}

async function download(request: PackageRequest, options: PackageClientOptions): Promise<string> {
  const { command, version } = await findPip(options, request.signal)
  // pip writes into its temporary folder while it downloads; in one of our own the growing file can be seen.
  const temporary = path.join(request.folder, 'temporary')
  const target = path.join(request.folder, 'wheels')
  await mkdir(temporary, { recursive: true })
  await mkdir(target, { recursive: true })
  const raw = isAtLeast(version, RAW_PROGRESS_VERSION)
  const args = ['download', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check', '--no-input']
  const poll = raw ? undefined : pollFolders([temporary, target], options.clock, request.onBytes)
  try {
    await run([...command, ...args, '--progress-bar', raw ? 'raw' : 'off', '-d', target, `${request.package}==${request.version}`], {
      ...options,
      environment: { ...options.environment, TMPDIR: temporary, TEMP: temporary, TMP: temporary },
      signal: request.signal,
      onLine: (line) => {
        const completed = /^Progress (\d+) of \d+$/.exec(line.trim())?.[1]
        if (completed !== undefined) request.onBytes(Number(completed))
      },
    })
  } finally {
    poll?.cancel()
  }
  const wheel = (await readdir(target)).find((file) => file.endsWith('.whl'))
  if (wheel === undefined) throw new AppError('registry_error', `pip downloaded no wheel of ${request.package} ${request.version}`)
  return path.join(target, wheel)
}

async function findPip(options: PackageClientOptions, signal: AbortSignal): Promise<{ command: readonly string[]; version: number[] }> {
  for (const command of options.commands ?? PIP_COMMANDS) {
    try {
      const output = await run([...command, '--version'], { ...options, signal, onLine: () => {} })
      const version = /^pip (\d+)\.(\d+)/m.exec(output)
      if (version) return { command, version: [Number(version[1]), Number(version[2])] }
    } catch (error) {
      throwIfAborted(signal)
      if (!(error instanceof AppError)) throw error
    }
  }
  throw new AppError('not_supported', 'there is no pip (Python 3) on this machine to fetch the package with')
}

interface RunOptions extends PackageClientOptions {
  signal: AbortSignal
  onLine(line: string): void
}

/** What it wrote on standard output. Throws `registry_error` with the last of its words when it fails. */
function run([program = '', ...args]: readonly string[], { environment, clock, signal, onLine }: RunOptions): Promise<string> {
  throwIfAborted(signal)
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
    })
    const output = collect(child, onLine)
    const release = onAbort(signal, () => endGroup(child, clock))
    child.once('error', (cause) => {
      release()
      reject(new AppError('registry_error', `${program} cannot be started`, { cause }))
    })
    child.once('close', (code) => {
      release()
      if (signal.aborted) reject(cancelled(signal.reason))
      else if (code === 0) resolve(output.text())
      else reject(new AppError('registry_error', `pip: ${output.complaint() || `ended with status ${code}`}`))
    })
  })
}

function collect(child: ChildProcess, onLine: (line: string) => void) {
  let [text, errors, pending] = ['', '', '']
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-MAX_OUTPUT_LENGTH)
    const lines = (pending + chunk).split(/[\r\n]/)
    pending = (lines.pop() ?? '').slice(-MAX_OUTPUT_LENGTH)
    for (const line of lines) onLine(line)
  })
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    errors = (errors + chunk).slice(-MAX_OUTPUT_LENGTH)
  })
  return {
    text: () => text,
    complaint() {
      const lines = errors.split('\n').filter((line) => line.trim() !== '')
      return (lines.findLast((line) => line.startsWith('ERROR: ')) ?? lines.at(-1) ?? '').replace('ERROR: ', '').trim()
    },
  }
}

function endGroup(child: ChildProcess, clock: Clock): void {
  signalGroup(child, 'SIGTERM')
  const timer = clock.after(KILL_AFTER_MS, () => signalGroup(child, 'SIGKILL'))
  child.once('close', () => timer.cancel())
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    if (process.platform === 'win32') child.kill(signal)
    else process.kill(-child.pid, signal)
  } catch (error) {
    // Already gone.
    if (errorCode(error) !== 'ESRCH') throw error
  }
}

function pollFolders(folders: readonly string[], clock: Clock, onBytes: (completedBytes: number) => void): { cancel(): void } {
  let cancelled = false
  const next = () => clock.after(POLL_INTERVAL_MS, () => void look())
  const look = async () => {
    const sizes = await Promise.all(folders.map(largestFileBytes))
    if (cancelled) return
    onBytes(Math.max(...sizes))
    timer = next()
  }
  let timer = next()
  return {
    cancel() {
      cancelled = true
      timer.cancel()
    },
  }
}

/** pip makes and removes files meanwhile: what is gone counts as nothing. */
async function largestFileBytes(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const sizes = await Promise.all(
    files
      .filter((file) => file.isFile())
      .map((file) =>
        stat(path.join(file.parentPath ?? file.path, file.name)).then(
          (found) => found.size,
          () => 0,
        ),
      ),
  )
  return Math.max(0, ...sizes)
}

function isAtLeast(version: readonly number[], wanted: readonly number[]): boolean {
  const [major = 0, minor = 0] = version
  const [wantedMajor = 0, wantedMinor = 0] = wanted
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}
