// A file that one opening at a time has for itself, of all processes: the system ends that with the process, however it dies. Only Linux needs a
// call of its own for it; elsewhere it is a way of opening. The file is there before it is one's own: who deletes it must take care by itself.

import { closeSync, constants, openSync } from 'node:fs'
import os from 'node:os'
import koffi from 'koffi'
import { AppError } from '../../../base/errors.ts'
import { errorCode } from '../../../base/system-error.ts'
import type { ExclusiveFile } from '../prefix-room.ts'

/** From sys/file.h. */
const LOCK_EX = 2
const LOCK_NB = 4
/** From macOS' fcntl.h and libuv's uv/win.h: Node hands on what it does not know. */
const O_EXLOCK = 0x20
const UV_FS_O_EXLOCK = 0x1000_0000
const TAKEN = new Set(['EAGAIN', 'EWOULDBLOCK', 'EBUSY'])
const MODE = 0o600

let flock: ((descriptor: number, operation: number) => number) | undefined

/** Made where there is none. Undefined while another has it; throws where files cannot be locked. */
export function openExclusively(file: string): ExclusiveFile | undefined {
  const flags = constants.O_RDWR | constants.O_CREAT
  let descriptor: number | undefined
  if (process.platform === 'win32') descriptor = unlessTaken(() => openSync(file, flags | UV_FS_O_EXLOCK, MODE))
  else if (process.platform === 'darwin') descriptor = unlessTaken(() => openSync(file, flags | O_EXLOCK | constants.O_NONBLOCK, MODE))
  else descriptor = locked(openSync(file, flags, MODE))
  if (descriptor === undefined) return undefined
  let isOpen = true
  const close = () => {
    if (isOpen) closeSync(descriptor)
    isOpen = false
  }
  return { descriptor, close }
}

function unlessTaken(open: () => number): number | undefined {
  try {
    return open()
  } catch (error) {
    if (TAKEN.has(errorCode(error) ?? '')) return undefined
    throw error
  }
}

function locked(descriptor: number): number | undefined {
  flock ??= koffi.load('libc.so.6').func('int flock(int, int)')
  if (flock(descriptor, LOCK_EX | LOCK_NB) === 0) return descriptor
  const errno = koffi.errno()
  closeSync(descriptor)
  if (errno === os.constants.errno.EWOULDBLOCK) return undefined
  throw new AppError('internal', `files cannot be locked here (errno ${errno})`)
}
