// What could compute here: processors, and the graphics cards that Linux tells of in /sys. Other systems tell of their cards elsewhere.

import { readdirSync, readFileSync } from 'node:fs'
import os from 'node:os'
import { errorCode } from '../base/system-error.ts'

export interface Devices {
  cores: number
  /** Makers of graphics cards, each once. */
  gpus: string[]
}

const CARDS = '/sys/class/drm'
/** PCI's numbers of makers. */
const MAKERS: Readonly<Record<string, string>> = { '0x10de': 'NVIDIA', '0x1002': 'AMD', '0x8086': 'Intel' }

/** Cards of unknown makers are left out. */
export function readDevices(folder = CARDS): Devices {
  const cards = namesIn(folder).filter((name) => /^card\d+$/.test(name))
  const makers = cards.map((card) => MAKERS[readOrEmpty(`${folder}/${card}/device/vendor`).trim()])
  const nvidia = namesIn('/proc/driver/nvidia/gpus').length > 0 ? ['NVIDIA'] : []
  return { cores: os.availableParallelism(), gpus: [...new Set([...makers.filter((maker) => maker !== undefined), ...nvidia])] }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    return whenAbsent(error, [])
  }
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    return whenAbsent(error, '')
  }
}

/** A machine without the folder, or one that keeps it to itself. */
function whenAbsent<T>(error: unknown, instead: T): T {
  if (errorCode(error) !== undefined) return instead
  throw error
}
