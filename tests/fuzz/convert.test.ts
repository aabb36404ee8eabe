import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { isAppError } from '../../src/base/errors.ts'
import { convertHere } from '../../src/convert/conversion.ts'
import type { FolderFiles } from '../../src/convert/testing/folder-parts.ts'
import { FOLDER_NAMES, modelFolder } from '../../src/convert/testing/model-folders.ts'
import { withHeader } from '../../src/convert/testing/safetensors-file.ts'
import { readGgufHead } from '../../src/gguf/head.ts'
import { fuzzRuns } from '../support/fuzz-seed.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'llamero-fuzz-convert-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const bytesOf = (content: FolderFiles[string]): Buffer =>
  Buffer.from(typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content))

/** A file that reads back, or an error that says whose fault it is. */
async function check(files: Record<string, Uint8Array>): Promise<void> {
  const paths = new Map(Object.keys(files).map((name) => [name, path.join(folder, name.replaceAll('/', '_'))]))
  for (const [name, content] of Object.entries(files)) writeFileSync(paths.get(name) ?? '', content)
  const target = path.join(folder, 'made.gguf')
  try {
    await using conversion = await convertHere({ paths })
    await conversion.write(target)
    expect((await readGgufHead(target)).fileSizeBytes).toBe(conversion.sizeBytes)
  } catch (error) {
    if (!isAppError(error, 'invalid_gguf') && !isAppError(error, 'not_supported')) throw error
  }
}

const folders = fc.constantFrom(...FOLDER_NAMES).map((name) => {
  const files = Object.entries(modelFolder(name)).map(([file, content]): [string, Buffer] => [file, bytesOf(content)])
  return Object.fromEntries(files)
})

const values = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    -1,
    0,
    1,
    1.5,
    1e18,
    1e308,
    2 ** 32,
    2 ** 53,
    '',
    'F32',
    'I64',
    'F8_E4M3',
    '\ud800',
    '__proto__',
    'constructor',
  ),
  fc.constantFrom<unknown>(true, false, [], {}, [null], [0, 0], [-1, 5], [1e18, 2e18], { a: 1 }, [[[]]]),
)

interface Change {
  /** Which key, level by level. */
  steps: number[]
  value: unknown
  kind: 'put' | 'remove' | 'rename'
}

const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.record({
    steps: fc.array(fc.nat(), { minLength: 1, maxLength: 5 }),
    value: values,
    kind: fc.constantFrom<Change['kind']>('put', 'remove', 'rename'),
  }),
  { minLength: 1, maxLength: 3 },
)

function change(root: unknown, { steps, value, kind }: Change): void {
  let at = root as Record<string, unknown>
  for (const [depth, step] of steps.entries()) {
    const keys = Object.keys(at)
    const key = keys[step % Math.max(keys.length, 1)]
    if (key === undefined) return
    const inner = at[key]
    if (depth < steps.length - 1 && typeof inner === 'object' && inner !== null) {
      at = inner as Record<string, unknown>
      continue
    }
    if (kind === 'put') at[key] = value
    else if (Array.isArray(at)) at.splice(Number(key), 1)
    else delete at[key]
    if (kind === 'rename') at[`${key}x`] = inner
    return
  }
}

/** The JSON of a file, or of the head of its tensors, changed. */
function withChanges(name: string, content: Buffer, list: readonly Change[]): Uint8Array {
  const isTensors = name.endsWith('.safetensors')
  if (!isTensors && !name.endsWith('.json')) return content
  const headerBytes = isTensors ? Number(content.readBigUInt64LE()) : 0
  const json = JSON.parse((isTensors ? content.subarray(8, 8 + headerBytes) : content).toString())
  for (const each of list) change(json, each)
  const text = JSON.stringify(json)
  return isTensors ? withHeader(text, content.subarray(8 + headerBytes)) : Buffer.from(text)
}

describe('whatever is done to the files of a model, they are converted or refused', () => {
  it('with one of them cut off, gone, or with other bytes', async () => {
    const harm = fc.record({
      file: fc.nat(),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      bytes: fc.option(fc.uint8Array({ minLength: 1, maxLength: 8 })),
      gone: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(folders, harm, async (files, { file, at, bytes, gone }) => {
        const names = Object.keys(files)
        const name = names[file % names.length] ?? ''
        const content = files[name] ?? Buffer.alloc(0)
        const cut = Math.floor(content.length * at)
        const { [name]: _, ...others } = files
        const harmed = bytes
          ? Buffer.concat([content.subarray(0, cut), bytes, content.subarray(cut + bytes.length)])
          : content.subarray(0, cut)
        await check(gone ? others : { ...files, [name]: harmed })
      }),
      fuzzRuns(60),
    )
  })

  it('with other values, keys and shapes in one of them', async () => {
    await fc.assert(
      fc.asyncProperty(folders, fc.nat(), changes, async (files, file, list) => {
        const names = Object.keys(files)
        const name = names[file % names.length] ?? ''
        await check({ ...files, [name]: withChanges(name, files[name] ?? Buffer.alloc(0), list) })
      }),
      fuzzRuns(120),
    )
  })
})
