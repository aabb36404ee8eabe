import { constants, mkdirSync, writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type FileSystem, findFolderProblem } from './access.ts'
import { createLayout } from './layout.ts'
import { createScratch, type Scratch } from './testing/scratch.ts'

let scratch: Scratch
beforeEach(async () => {
  scratch = await createScratch()
})
afterEach(() => scratch.remove())

/** The tests may run as root, whom no permission stops. */
function refusing(file: string, mode: number, code = 'EACCES'): FileSystem {
  return {
    stat,
    async access(asked, askedMode) {
      if (asked === file && askedMode === mode) throw Object.assign(new Error(code), { code })
    },
  }
}

describe('the permissions of the models folder', () => {
  it('are fine where the user may do everything', async () => {
    expect(await findFolderProblem(createLayout(scratch.root))).toBeUndefined()
    expect(await findFolderProblem(createLayout(path.join(scratch.root, 'not', 'yet', 'made')))).toBeUndefined()
  })

  it('name the element above that may not be entered, and whose it is', async () => {
    const above = path.dirname(scratch.root)
    expect(await findFolderProblem(createLayout(scratch.root), refusing(above, constants.X_OK))).toEqual({
      element: above,
      lacks: 'enter',
      owner: { uid: expect.any(Number), gid: expect.any(Number), mode: expect.stringMatching(/^[0-7]{3}$/) },
    })
  })

  it.each([
    ['', constants.W_OK, 'write'],
    ['', constants.R_OK, 'list'],
    ['blobs', constants.W_OK, 'write'],
    ['manifests', constants.X_OK, 'enter'],
  ])('tell what %j lacks', async (part, mode, lacks) => {
    const element = path.join(scratch.root, part)
    expect(await findFolderProblem(createLayout(scratch.root), refusing(element, mode))).toMatchObject({ element, lacks })
  })

  it('see a folder that cannot be made, a read-only disk, a file in the way and a blob that cannot be read', async () => {
    const missing = createLayout(path.join(scratch.root, 'missing'))
    expect(await findFolderProblem(missing, refusing(scratch.root, constants.W_OK))).toMatchObject({
      element: scratch.root,
      lacks: 'write',
    })
    const readOnly = refusing(scratch.root, constants.W_OK, 'EROFS')
    expect(await findFolderProblem(createLayout(scratch.root), readOnly)).toMatchObject({ lacks: 'write', readOnly: true })
    const blob = path.join(scratch.root, 'blobs', `sha256-${'a'.repeat(64)}`)
    writeFileSync(blob, '')
    expect(await findFolderProblem(createLayout(scratch.root), refusing(blob, constants.R_OK))).toMatchObject({
      element: blob,
      lacks: 'read',
    })
    const file = path.join(scratch.root, 'file')
    writeFileSync(file, '')
    expect(await findFolderProblem(createLayout(file))).toEqual({ element: file, lacks: 'folder' })
    mkdirSync(path.join(scratch.root, 'other'))
    writeFileSync(path.join(scratch.root, 'other', 'blobs'), '')
    const other = createLayout(path.join(scratch.root, 'other'))
    expect(await findFolderProblem(other)).toEqual({ element: other.blobs, lacks: 'folder' })
  })
})
