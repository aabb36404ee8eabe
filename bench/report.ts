// What a run found, in a page: between `<!-- NAME -->` and `<!-- /NAME -->`. The run is described by its machine, versions and command, without the
// folders of that machine.

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { VERSION } from '../src/version.ts'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

export function writeBlock(file: string, name: string, lines: readonly string[]): void {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const page = readFileSync(file, 'utf8')
  const from = page.indexOf(start)
  const to = page.indexOf(end, from)
  if (from < 0 || to < 0) throw new Error(`${path.basename(file)} has no block ${start} ... ${end}`)
  const text = ['', ...lines, ''].join('\n')
  writeFileSync(file, `${page.slice(0, from + start.length)}\n${text}\n${page.slice(to)}`)
}

/** A paragraph and the command. */
export function describeRun(): string {
  const script = process.env.npm_lifecycle_event ?? path.basename(process.argv[1] ?? '')
  const command = ['npm run', script, '--', ...process.argv.slice(2).map(toShellWord)].join(' ')
  const date = new Date().toISOString().slice(0, 10)
  return `${describeMachine()}; ${describeVersion()}; ${date}:\n\n    ${withoutFolders(command)}`
}

function describeMachine(): string {
  const [cpu] = os.cpus()
  const memory = (os.totalmem() / 2 ** 30).toFixed(0)
  return `${cpu?.model ?? os.arch()}, ${os.cpus().length} cores, ${memory} GiB, ${os.type()} ${os.release()}, Node ${process.versions.node}`
}

function describeVersion(): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim()
  return `Llamero ${VERSION} (${commit})`
}

function toShellWord(word: string): string {
  return /^[\w:/.,=@^-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** Addresses stay as they are. */
export function withoutFolders(command: string): string {
  return command.replaceAll(/(?<![\w:/])\/(?:[\w.@+-]+\/)+/g, '')
}
