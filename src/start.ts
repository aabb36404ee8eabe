// The command line over this process's own terminal, environment and programs.

import path from 'node:path'
import { createClient } from './api/client.ts'
import { runCli } from './cli/cli.ts'
import { createProcesses } from './cli/start-server.ts'
import { processIo } from './cli/terminal/process-io.ts'
import { readConfig } from './config/config.ts'
import { clientUrl } from './config/host.ts'
import { OLLAMA_VERSION, VERSION } from './version.ts'

/** The exit status. */
export async function startCli(argv: readonly string[]): Promise<number> {
  const config = readConfig()
  const serverUrl = clientUrl(config.host)
  return runCli({
    argv: argv.slice(2),
    program: path.basename(argv[1] ?? 'llamero', '.js'),
    config: {
      serverUrl,
      apiKey: config.apiKey,
      home: config.home,
      noHistory: config.noHistory,
      editor: config.editor,
      warnings: config.warnings,
      version: VERSION,
      ollamaVersion: OLLAMA_VERSION,
    },
    io: processIo({ color: config.color }),
    client: createClient({ baseUrl: serverUrl, apiKey: config.apiKey }),
    processes: createProcesses(config.environment),
    diagnose: async () => (await import('./diagnose.ts')).diagnose(config),
    serve: async () => (await import('./serve.ts')).serve(config),
  })
}
