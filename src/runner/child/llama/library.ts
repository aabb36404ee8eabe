// Finds and loads the prebuilt llama.cpp libraries that npm's @node-llama-cpp/* packages carry (their own JavaScript is not used). The package
// of a GPU comes first when it is installed and a GPU is wanted; the plain one of the platform is always the last resort. libggml is loaded
// before libllama and picks the fastest build for this CPU by itself. Refuses another engine version than the one the layouts were read from.

import { readdirSync } from 'node:fs'
import path from 'node:path'
import koffi, { type LibraryHandle } from 'koffi'
import { AppError } from '../../../base/errors.ts'
import { errorCode } from '../../../base/system-error.ts'

/** The engine that structs.ts and api.ts describe. */
export const ENGINE_VERSION = '0.5.0'

export interface Library {
  llama: LibraryHandle
  ggml: LibraryHandle
  /** What all backends rest on. Undefined where it is no library of its own. */
  base: LibraryHandle | undefined
  /** The platform package, like `linux-x64`. */
  variant: string
  /** Of llama.cpp. */
  version: string
  folder: string
}

const PLATFORM_VARIANTS: Readonly<Record<string, { gpu: readonly string[]; plain: string }>> = {
  'linux-x64': { gpu: ['linux-x64-cuda', 'linux-x64-vulkan'], plain: 'linux-x64' },
  'linux-arm64': { gpu: [], plain: 'linux-arm64' },
  'linux-arm': { gpu: [], plain: 'linux-armv7l' },
  'darwin-arm64': { gpu: [], plain: 'mac-arm64-metal' },
  'darwin-x64': { gpu: [], plain: 'mac-x64' },
  'win32-x64': { gpu: ['win-x64-cuda', 'win-x64-vulkan'], plain: 'win-x64' },
  'win32-arm64': { gpu: [], plain: 'win-arm64' },
}

/** Throws `load_failed` with the name of the package that is missing. */
export async function loadLibrary({ gpu }: { gpu: boolean }): Promise<Library> {
  const platform = `${process.platform}-${process.arch}`
  const variants = PLATFORM_VARIANTS[platform]
  if (!variants) throw new AppError('load_failed', `there is no engine for ${platform}`)
  for (const variant of gpu ? [...variants.gpu, variants.plain] : [variants.plain]) {
    const folder = await findFolder(variant)
    if (folder !== undefined) return openLibrary(folder, variant)
  }
  throw new AppError('load_failed', `the engine is not installed: the optional package @node-llama-cpp/${variants.plain} is missing`)
}

/** The engine's ggml alone, for a thread beside the one that has loaded the engine. Undefined where there is none. */
export async function loadGgml(): Promise<LibraryHandle | undefined> {
  const variants = PLATFORM_VARIANTS[`${process.platform}-${process.arch}`]
  const folder = variants && (await findFolder(variants.plain))
  if (folder === undefined) return undefined
  const ggml = koffi.load(path.join(folder, findName(readdirSync(folder), 'ggml')))
  // Each call registers all of them again.
  if (ggml.func('void* ggml_backend_reg_by_name(const char*)')('CPU') === null) {
    ggml.func('void ggml_backend_load_all_from_path(const char*)')(folder + path.sep)
  }
  return ggml
}

async function findFolder(variant: string): Promise<string | undefined> {
  try {
    const { getBinsDir } = (await import(`@node-llama-cpp/${variant}`)) as { getBinsDir: () => { binsDir: string } }
    return path.join(getBinsDir().binsDir, variant)
  } catch (error) {
    if (errorCode(error) === 'ERR_MODULE_NOT_FOUND') return undefined
    throw new AppError('load_failed', `the engine package @node-llama-cpp/${variant} cannot be read`, { cause: error })
  }
}

function openLibrary(folder: string, variant: string): Library {
  const names = readdirSync(folder)
  const ggml = koffi.load(path.join(folder, findName(names, 'ggml')))
  ggml.func('void ggml_backend_load_all_from_path(const char*)')(folder + path.sep)
  const llama = koffi.load(path.join(folder, findName(names, 'llama')))
  const version = llama.func('const char* llama_version()')() as string
  if (!version.startsWith(ENGINE_VERSION)) {
    throw new AppError(
      'load_failed',
      `the engine in @node-llama-cpp/${variant} is llama.cpp ${version}, this program needs ${ENGINE_VERSION}`,
    )
  }
  const base = findOptional(names, 'ggml-base')
  return { llama, ggml, base: base === undefined ? undefined : koffi.load(path.join(folder, base)), variant, version, folder }
}

function findName(names: readonly string[], stem: string): string {
  const name = findOptional(names, stem)
  if (name === undefined) throw new AppError('load_failed', `the engine package has no ${stem} library`)
  return name
}

/** `libllama.v0.5.0.so`, `libllama.dylib`, `llama.dll` and the like. */
function findOptional(names: readonly string[], stem: string): string | undefined {
  const pattern = new RegExp(`^(lib)?${stem}(\\.v[\\d.]+)?\\.(so|dylib|dll)$`)
  return names.find((candidate) => pattern.test(candidate))
}
