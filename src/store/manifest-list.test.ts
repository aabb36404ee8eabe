import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Manifest } from '../model/manifest.ts'
import { parseModelName, shortName } from '../model/name.ts'
import { SETTLED_MS } from './manifest-list.ts'
import { createScratch, type Scratch, writeModelBlobs } from './testing/scratch.ts'

const fs = vi.hoisted(() => ({ opened: [] as string[], watch: undefined as (() => never) | undefined }))
vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>()
  const watch = (...all: Parameters<typeof real.watch>) => (fs.watch ?? real.watch)(...all)
  const openSync: typeof real.openSync = (file, ...rest) => {
    fs.opened.push(String(file))
    return real.openSync(file, ...rest)
  }
  return { ...real, watch, openSync }
})

let scratch: Scratch
let manifest: Manifest
beforeEach(async () => {
  scratch = await createScratch()
  manifest = await writeModelBlobs(scratch.store, 'config', 'layer')
  for (const name of ['a', 'b', 'org/c']) await scratch.store.manifests.write(parseModelName(name), manifest)
  for (const file of [library('a', 'latest'), library('b', 'latest'), at('registry.ollama.ai', 'org', 'c', 'latest')]) settle(file)
  await scratch.store.manifests.list()
  fs.opened.length = 0
})
afterEach(() => {
  fs.watch = undefined
  scratch.remove()
})

const at = (...parts: string[]) => path.join(scratch.root, 'manifests', ...parts)
const library = (...parts: string[]) => at('registry.ollama.ai', 'library', ...parts)
const list = () => scratch.store.manifests.list()
const names = async () => (await list()).map(({ name }) => shortName(name)).sort()
/** As if it had been written long ago. */
const settle = (file: string) => utimesSync(file, new Date(), new Date(Date.now() - SETTLED_MS - 1000))

describe('the list of manifests', () => {
  it('is the same array, and no file is opened, while nothing changes', async () => {
    expect(await list()).toBe(await list())
    expect(fs.opened).toEqual([])
  })

  it('is the same array after it was looked through again', async () => {
    const before = await list()
    scratch.clock.advance(10_000)
    expect(await list()).toBe(before)
    expect(fs.opened).toEqual([])
  })

  it('knows at once what another program has written, replaced, changed, renamed and removed', async () => {
    mkdirSync(at('example.com', 'x', 'd'), { recursive: true })
    writeFileSync(at('example.com', 'x', 'd', 'v1'), readFileSync(library('a', 'latest')))
    expect(await names()).toEqual(['a:latest', 'b:latest', 'example.com/x/d:v1', 'org/c:latest'])
    writeFileSync(at('example.com', 'x', 'd', 'v2'), readFileSync(library('a', 'latest')))
    renameSync(library('b', 'latest'), library('b', 'other'))
    expect(await names()).toEqual(['a:latest', 'b:other', 'example.com/x/d:v1', 'example.com/x/d:v2', 'org/c:latest'])
    rmSync(at('example.com'), { recursive: true })
    rmSync(library('a'), { recursive: true })
    expect(await names()).toEqual(['b:other', 'org/c:latest'])
    const [before] = (await list()).filter(({ name }) => name.model === 'b')
    appendFileSync(library('b', 'other'), ' ')
    const [after] = (await list()).filter(({ name }) => name.model === 'b')
    expect(after?.digestHex).not.toBe(before?.digestHex)
  })

  it('knows what this program does', async () => {
    await scratch.store.manifests.write(parseModelName('new'), manifest)
    expect(await names()).toContain('new:latest')
    await scratch.store.manifests.remove(parseModelName('new'))
    expect(await names()).not.toContain('new:latest')
  })

  it('knows what comes into a folder that was removed and made again since it last looked', async () => {
    const bytes = readFileSync(library('a', 'latest'))
    rmSync(library('a'), { recursive: true })
    mkdirSync(library('a'))
    writeFileSync(library('a', 'latest'), bytes)
    expect(await names()).toContain('a:latest')
    writeFileSync(library('a', 'v2'), bytes)
    expect(await names()).toContain('a:v2')
  })

  it('reads only what has changed', async () => {
    appendFileSync(library('b', 'latest'), ' ')
    await list()
    expect(fs.opened).toEqual([library('b', 'latest')])
  })

  it('reads a file again that may have changed within the same moment', async () => {
    const text = readFileSync(library('b', 'latest'), 'utf8')
    const time = new Date(scratch.clock.nowMs())
    writeFileSync(library('b', 'latest'), text)
    utimesSync(library('b', 'latest'), time, time)
    await list()
    writeFileSync(library('b', 'latest'), text.replace('"size":5', '"size":6'))
    utimesSync(library('b', 'latest'), time, time)
    const [stored] = (await list()).filter(({ name }) => name.model === 'b')
    expect(stored?.manifest.layers[0]?.sizeBytes).toBe(6)
  })

  it('holds for all who ask at once', async () => {
    const asked = Promise.all([list(), list()])
    writeFileSync(library('a', 'second'), readFileSync(library('a', 'latest')))
    const [last] = await Promise.all([names(), asked])
    expect(last).toContain('a:second')
  })

  it('is looked through each time where folders cannot be watched', async () => {
    fs.watch = () => {
      throw Object.assign(new Error('no more watches'), { code: 'ENOSPC' })
    }
    const other = await createScratch()
    const own = await writeModelBlobs(other.store, 'config', 'layer')
    await other.store.manifests.write(parseModelName('a'), own)
    await other.store.manifests.list()
    const folder = path.join(other.root, 'manifests', 'registry.ollama.ai', 'library', 'a')
    writeFileSync(path.join(folder, 'second'), readFileSync(path.join(folder, 'latest')))
    expect(await other.store.manifests.list()).toHaveLength(2)
    other.remove()
  })
})
