// The ed25519 key that names this machine to Ollama's registries. Ollama's own key is read where there is one, so that an account that
// knows it keeps working; it is never changed. Otherwise Llamero makes one in its own folder, at the first need.

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Log } from '../base/log.ts'
import { errorCode, isMissing } from '../base/system-error.ts'
import { formatOpensshKey, formatPublicKey, formatPublicLine, parseOpensshKey } from './openssh-key.ts'

export interface OllamaKey {
  /** `<public key>:<signature>`, both base64: the Authorization header of a token request. */
  signature(text: string): Promise<string>
}

export interface KeyFiles {
  /** Ollama's: read only. */
  ollama: string
  /** Llamero's: created when neither is there. */
  own: string
}

export function createOllamaKey(files: KeyFiles, log: Log): OllamaKey {
  let pending: Promise<KeyObject> | undefined
  return {
    async signature(text) {
      pending ??= openKey(files, log)
      const key = await pending.catch((error: unknown) => {
        pending = undefined
        throw error
      })
      return `${formatPublicKey(key)}:${sign(null, Buffer.from(text), key).toString('base64')}`
    },
  }
}

async function openKey(files: KeyFiles, log: Log): Promise<KeyObject> {
  return (await readKey(files.ollama)) ?? (await readKey(files.own)) ?? (await createKey(files.own, log))
}

async function readKey(file: string): Promise<KeyObject | undefined> {
  try {
    return parseOpensshKey(await readFile(file, 'utf8'))
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

async function createKey(file: string, log: Log): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync('ed25519')
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
  try {
    await writeFile(file, formatOpensshKey(privateKey), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error
    // Another process was faster: its key counts.
    return parseOpensshKey(await readFile(file, 'utf8'))
  }
  await writeFile(`${file}.pub`, formatPublicLine(privateKey), { mode: 0o644 })
  log.info('a new registry key was made', { file, publicKey: formatPublicLine(privateKey).trim() })
  return privateKey
}

/** A key of another user (Ollama's service account) is as good as none. */
function isAbsent(error: unknown): boolean {
  return isMissing(error) || errorCode(error) === 'EACCES'
}
