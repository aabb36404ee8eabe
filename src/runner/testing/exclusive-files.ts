// Files that one opening at a time has for itself, within this process: what the system does for all of them.

import { closeSync, constants, openSync } from 'node:fs'
import type { PrefixRoomOptions } from '../child/prefix-room.ts'

export function createExclusiveFiles(): PrefixRoomOptions['openExclusively'] {
  const taken = new Set<string>()
  return (file) => {
    if (taken.has(file)) return undefined
    const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600)
    taken.add(file)
    const close = () => {
      if (taken.delete(file)) closeSync(descriptor)
    }
    return { descriptor, close }
  }
}
