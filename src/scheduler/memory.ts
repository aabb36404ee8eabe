// How much memory a model may take: what the kernel calls available, or less where a cgroup (a container) sets a limit. Memory that only
// caches files counts as free, since the kernel gives it back; a mapped model is mostly that.

import { readFileSync } from 'node:fs'
import { freemem, totalmem } from 'node:os'
import type { Memory } from './target.ts'

/** The text of a file, or undefined where it is not there. */
export type ReadText = (path: string) => string | undefined

/** Falls back to what Node knows where there is no /proc. */
export function readMemory(readText: ReadText = readFileText): Memory {
  const information = readText('/proc/meminfo') ?? ''
  const totalBytes = kibibytes(information, 'MemTotal') ?? totalmem()
  const freeBytes = kibibytes(information, 'MemAvailable') ?? freemem()
  const group = readGroupV2(readText) ?? readGroupV1(readText)
  if (!group || group.totalBytes >= totalBytes) return { totalBytes, freeBytes }
  return { totalBytes: group.totalBytes, freeBytes: Math.min(freeBytes, group.freeBytes) }
}

function readGroupV2(readText: ReadText): Memory | undefined {
  const limit = readText('/sys/fs/cgroup/memory.max')
  const used = readText('/sys/fs/cgroup/memory.current')
  return toGroup(limit, used, readText('/sys/fs/cgroup/memory.stat'), ['inactive_file', 'active_file'])
}

function readGroupV1(readText: ReadText): Memory | undefined {
  const limit = readText('/sys/fs/cgroup/memory/memory.limit_in_bytes')
  const used = readText('/sys/fs/cgroup/memory/memory.usage_in_bytes')
  return toGroup(limit, used, readText('/sys/fs/cgroup/memory/memory.stat'), ['total_inactive_file', 'total_active_file'])
}

function toGroup(limit: string | undefined, used: string | undefined, stat = '', cached: readonly string[] = []): Memory | undefined {
  const totalBytes = Number.parseInt(limit ?? '', 10)
  const usedBytes = Number.parseInt(used ?? '', 10)
  if (!Number.isFinite(totalBytes) || !Number.isFinite(usedBytes)) return undefined
  const cachedBytes = cached.reduce((sum, key) => sum + Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0), 0)
  return { totalBytes, freeBytes: Math.max(totalBytes - Math.max(usedBytes - cachedBytes, 0), 0) }
}

function kibibytes(information: string, key: string): number | undefined {
  const value = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(information)?.[1]
  return value === undefined ? undefined : Number(value) * 1024
}

function readFileText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Not there: another kernel, or no limit.
    return undefined
  }
}
