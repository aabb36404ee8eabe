// Who may stop a server: whoever can read this file, which is the user who started it, on its machine. It is there as long as the server runs.
// An address would prove less: behind a reverse proxy everybody seems to come from this machine.

import path from 'node:path'

export function serverKeyFile(home: string, port: number): string {
  return path.join(home, 'run', `${port}.key`)
}
