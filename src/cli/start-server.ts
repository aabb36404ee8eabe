// The only file of the command line that starts processes: a server in the background, which outlives this process, the user's
// editor, and programs that `launch` starts.
// Models are started elsewhere, by the server.

import { spawn } from 'node:child_process'
import { closeSync, openSync, renameSync, statSync } from 'node:fs'
import os from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../base/errors.ts'
import type { Processes } from './verb.ts'

/** What shells add to the number of the signal that ended a program. */
const SIGNAL_STATUS = 128
/** A log that has grown beyond this is put aside when a server starts. */
const MAX_LOG_BYTES = 16 * 1024 * 1024

/** `inherited`: the environment of this process. */
export function createProcesses(inherited: NodeJS.ProcessEnv): Processes {
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
    runProgram(program, words, environment) {
      // Ctrl-C is for the program that has the terminal.
      const ignore = (): void => {}
      process.on('SIGINT', ignore)
      return new Promise<number | undefined>((resolve, reject) => {
        const child = spawn(program, words, { stdio: 'inherit', env: { ...inherited, ...environment } })
        child.once('error', (error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') resolve(undefined)
          else reject(new AppError('not_supported', `${program} cannot be started: ${error.message}`, { cause: error }))
        })
        child.once('exit', (code, signal) => resolve(code ?? SIGNAL_STATUS + (signal === null ? 0 : os.constants.signals[signal])))
      }).finally(() => process.off('SIGINT', ignore))
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
