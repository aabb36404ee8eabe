import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readDevices } from './devices.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'llamero-drm-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function addCard(name: string, vendor: string): void {
  mkdirSync(path.join(folder, name, 'device'), { recursive: true })
  writeFileSync(path.join(folder, name, 'device', 'vendor'), `${vendor}\n`)
}

describe('readDevices', () => {
  it('names the makers of graphics cards once, and no outputs or other cards', () => {
    addCard('card0', '0x1002')
    addCard('card1', '0x1002')
    addCard('card2', '0x1af4')
    addCard('card0-HDMI-A-1', '0x10de')
    mkdirSync(path.join(folder, 'card3'))
    expect(readDevices(folder).gpus.filter((maker) => maker !== 'NVIDIA')).toEqual(['AMD'])
  })

  it('counts the processors that this process may use', () => {
    expect(readDevices(path.join(folder, 'none')).cores).toBe(os.availableParallelism())
  })
})
