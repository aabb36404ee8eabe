// Finds and loads the library that reads media: llama.cpp's libmtmd, which the engine's own packages do not carry. It lies with a whole llama.cpp
// of another version inside the one file of npm's @fugood/node-llama-* packages (their JavaScript is not used). Its symbols stay its own, so that
// it stands beside the engine in one process. Refuses another version than the one that the layouts were read from.

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import koffi, { type LibraryHandle } from 'koffi'
import { AppError } from '../../../base/errors.ts'
import { errorCode } from '../../../base/system-error.ts'

/** What structs.ts and api.ts describe: llama.cpp b10256. */
export const MEDIA_PACKAGE_VERSION = '1.7.15'

// The packages for Windows export nothing but the entry for Node.
const PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': '@fugood/node-llama-linux-x64',
  'linux-arm64': '@fugood/node-llama-linux-arm64',
  'darwin-x64': '@fugood/node-llama-darwin-x64',
  'darwin-arm64': '@fugood/node-llama-darwin-arm64',
}

/** Throws `load_failed`, with the name of the package that is missing, and `unsupported_capability` where there is none for the platform. */
export async function loadMediaLibrary(platform = `${process.platform}-${process.arch}`): Promise<LibraryHandle> {
  const name = PACKAGES[platform]
  if (name === undefined) throw new AppError('unsupported_capability', `there is nothing that reads images or sounds on ${platform}`)
  const description = findDescription(name)
  const { version, main } = JSON.parse(await readFile(description, 'utf8')) as { version: string; main: string }
  if (version !== MEDIA_PACKAGE_VERSION) {
    throw new AppError('load_failed', `${name} is of version ${version}, this program needs ${MEDIA_PACKAGE_VERSION}`)
  }
  return koffi.load(path.join(path.dirname(description), main))
}

function findDescription(name: string): string {
  try {
    return createRequire(import.meta.url).resolve(`${name}/package.json`)
  } catch (error) {
    if (errorCode(error) !== 'MODULE_NOT_FOUND') throw error
    throw new AppError('load_failed', `what reads images and sounds is not installed: the optional package ${name} is missing`, {
      cause: error,
    })
  }
}
