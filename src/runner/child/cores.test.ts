import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { countCores, defaultThreads } from './cores.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'cores-'))
afterAll(() => rmSync(folder, { recursive: true }))

function machine(name: string, siblings: readonly string[]): string {
  for (const [cpu, list] of siblings.entries()) {
    mkdirSync(path.join(folder, name, `cpu${cpu}`, 'topology'), { recursive: true })
    writeFileSync(path.join(folder, name, `cpu${cpu}`, 'topology', 'thread_siblings_list'), `${list}\n`)
  }
  mkdirSync(path.join(folder, name, 'cpufreq'), { recursive: true })
  return path.join(folder, name)
}

describe('countCores', () => {
  it('counts the two hardware threads of a core once', () => {
    expect(countCores(machine('smt', ['0,2', '1,3', '0,2', '1,3']))).toBe(2)
  })

  it('counts cores without a second thread', () => {
    expect(countCores(machine('plain', ['0', '1', '2']))).toBe(3)
  })

  it('knows nothing where the system does not tell', () => {
    expect(countCores(path.join(folder, 'nowhere'))).toBeUndefined()
  })
})

describe('defaultThreads', () => {
  it('is at least one and at most what this process may use', () => {
    expect(defaultThreads()).toBeGreaterThanOrEqual(1)
    expect(defaultThreads()).toBeLessThanOrEqual(os.availableParallelism())
  })
})
