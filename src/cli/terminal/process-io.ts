// The streams and signals of this process for the command line.

import type { CliIo } from '../io.ts'

export function processIo(look: { color: boolean }): CliIo {
  // `run m | head -1`: whoever reads has seen enough, and there is nobody left to tell. Who no longer reads errors has not seen an end.
  exitWhenClosed(process.stdout, 0)
  exitWhenClosed(process.stderr, 1)
  return {
    color: look.color,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    onInterrupt(listener) {
      process.on('SIGINT', listener)
      return () => void process.off('SIGINT', listener)
    },
    onResize(listener) {
      process.stdout.on('resize', listener)
      return () => void process.stdout.off('resize', listener)
    },
    suspend() {
      process.kill(0, 'SIGSTOP')
    },
  }
}

function exitWhenClosed(stream: NodeJS.WriteStream, status: number): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(status)
    throw error
  })
}
