// Debian's docker-registry on a loopback port with a folder of its own: the plain registry that people run at home.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { freePort } from '../support/server.ts'
import { ISSUER, SERVICE } from '../support/token-server.ts'

export interface DockerRegistry {
  /** `127.0.0.1:port`. */
  host: string
  stop(): Promise<void>
}

export interface DockerRegistryOptions {
  relativeUrls?: boolean
  /** Lines of an htpasswd file. */
  passwords?: string
  /** Who makes its tokens, and the certificate that proves them. */
  tokens?: { origin: string; certificatePem: string }
}

/** Why the tests with it cannot run here, or undefined. CI installs it, so that there an absence is a failure. */
export function missingDockerRegistry(): string | undefined {
  if (spawnSync('docker-registry', ['--version']).status === 0) return undefined
  const reason = 'docker-registry is not installed (Debian: apt-get install docker-registry)'
  if (process.env.CI === 'true') throw new Error(reason)
  console.warn(`skipped: ${reason}`)
  return reason
}

export async function startDockerRegistry({
  relativeUrls = false,
  passwords,
  tokens,
}: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'docker-registry-'))
  const port = await freePort()
  const host = `127.0.0.1:${port}`
  const passwordFile = path.join(folder, 'htpasswd')
  if (passwords !== undefined) writeFileSync(passwordFile, passwords)
  const bundleFile = path.join(folder, 'tokens.pem')
  if (tokens) writeFileSync(bundleFile, tokens.certificatePem)
  const byToken = { realm: `${tokens?.origin}/token`, service: SERVICE, issuer: ISSUER, rootcertbundle: bundleFile }
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: path.join(folder, 'data') } },
    http: { addr: host, relativeurls: relativeUrls, secret: 'for tests' },
    ...(passwords === undefined ? {} : { auth: { htpasswd: { realm: 'tests', path: passwordFile } } }),
    ...(tokens ? { auth: { token: byToken } } : {}),
  }
  const file = path.join(folder, 'config.yml')
  writeFileSync(file, JSON.stringify(config))
  const child = spawn('docker-registry', ['serve', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  // It calls every 404 an error: shown only when it does not start.
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-4096)
  })
  await untilItAnswers(host, child, () => complaints)
  return {
    host,
    async stop() {
      const closed = new Promise((resolve) => child.once('close', resolve))
      child.kill('SIGKILL')
      await closed
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function untilItAnswers(host: string, child: ChildProcess, complaints: () => string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`docker-registry ended with status ${child.exitCode}: ${complaints()}`)
    const answered = await fetch(`http://${host}/v2/`).then(
      () => true,
      () => false,
    )
    if (answered) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('docker-registry does not answer')
}
