// The only file of the command line that starts processes: a server in the background, which outlives this process, and the user's editor.
// Models are started elsewhere, by the server.

import { spawn } from 'node:child_process'
import { closeSync, openSync, renameSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../base/errors.ts'
import type { Processes } from './verb.ts'

/** A log that has grown beyond this is put aside when a server starts. */
const MAX_LOG_BYTES = 16 * 1024 * 1024

export function createProcesses(): Processes {
  return {
    startServer(logFile) {
      putAside(logFile)
      const log = openSync(logFile, 'a', 0o600)
      // The script that this process runs, so that the server is of the same version.
      const entry = process.argv[1] ?? ''
      const child = spawn(process.execPath, [...process.execArgv, entry, 'serve'], { detached: true, stdio: ['ignore', log, log] })
      closeSync(log)
      child.unref()
      return {
        pid: child.pid,
        exited: new Promise((resolve) => {
          child.once('exit', () => resolve())
          child.once('error', () => resolve())
        }),
      }
    },
    runEditor(command, file) {
      const [program = '', ...words] = command.split(/\s+/).filter((word) => word !== '')
      return new Promise((resolve, reject) => {
        const child = spawn(program, [...words, file], { stdio: 'inherit' })
        child.once('error', (cause) => {
          const message = `editor ${JSON.stringify(program)} not found, set OLLAMA_EDITOR to the path of your preferred editor`
          reject(new AppError('not_supported', message, { cause }))
        })
        child.once('exit', (code, signal) => {
          if (code === 0) resolve()
          else reject(new AppError('not_supported', `editor exited with error: ${signal ?? `exit status ${code}`}`))
        })
      })
    },
    async sleep(milliseconds) {
      await sleep(milliseconds)
    },
  }
}

function putAside(logFile: string): void {
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0
  if (size > MAX_LOG_BYTES) renameSync(logFile, `${logFile}.old`)
}
