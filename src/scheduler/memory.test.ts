import { describe, expect, it } from 'vitest'
import { readMemory } from './memory.ts'

const MEMINFO = 'MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:    8000 kB\n'

function read(files: Record<string, string>) {
  return readMemory((path) => files[path])
}

describe('memory', () => {
  it('is what the kernel calls available', () => {
    expect(read({ '/proc/meminfo': MEMINFO })).toEqual({ totalBytes: 16_384_000, freeBytes: 8_192_000 })
  })

  it('is what is left of the limit of a container, without the files it caches', () => {
    const limited = read({
      '/proc/meminfo': MEMINFO,
      '/sys/fs/cgroup/memory.max': '4000000\n',
      '/sys/fs/cgroup/memory.current': '3000000\n',
      '/sys/fs/cgroup/memory.stat': 'anon 1\ninactive_file 500000\nactive_file 1500000\n',
    })
    expect(limited).toEqual({ totalBytes: 4_000_000, freeBytes: 3_000_000 })
  })

  it('reads the older kind of limit too', () => {
    const limited = read({
      '/proc/meminfo': MEMINFO,
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '4000000\n',
      '/sys/fs/cgroup/memory/memory.usage_in_bytes': '1000000\n',
    })
    expect(limited).toEqual({ totalBytes: 4_000_000, freeBytes: 3_000_000 })
  })

  it('ignores a limit that is none', () => {
    const unlimited = { '/proc/meminfo': MEMINFO, '/sys/fs/cgroup/memory.max': 'max\n', '/sys/fs/cgroup/memory.current': '5\n' }
    expect(read(unlimited).totalBytes).toBe(16_384_000)
    const beyond = { '/proc/meminfo': MEMINFO, '/sys/fs/cgroup/memory.max': '9999999999\n', '/sys/fs/cgroup/memory.current': '5\n' }
    expect(read(beyond).freeBytes).toBe(8_192_000)
  })

  it('is what the system says where there is no such file', () => {
    const { totalBytes, freeBytes } = read({})
    expect(totalBytes).toBeGreaterThanOrEqual(freeBytes)
    expect(freeBytes).toBeGreaterThan(0)
  })
})
