// The services that run models, on a stage of stand-ins: a store in memory, a runner without an engine, and time that stands still. The text
// of a model layer is the metadata of its file, as JSON.

import { AppError } from '../../base/errors.ts'
import { type Log, silentLog } from '../../base/log.ts'
import { createManualClock } from '../../base/testing/manual-clock.ts'
import type { ChatEvent } from '../../chat/event.ts'
import type { GgufHead, GgufValue } from '../../gguf/types.ts'
import { parseDigest } from '../../model/digest.ts'
import { createFakeLoader, type FakeLoaderOptions } from '../../runner/testing/fake.ts'
import { createScheduler } from '../../scheduler/scheduler.ts'
import { TEST_LIMITS } from '../../scheduler/testing/targets.ts'
import { createModelReader } from '../model.ts'
import { createRunServices } from '../run-services.ts'
import { createMemoryStore, type MemoryModel } from './memory-store.ts'

export const PLAIN_FILE = {
  'general.architecture': 'llama',
  'llama.context_length': 8192,
  'llama.embedding_length': 576,
  'llama.block_count': 30,
  'llama.attention.head_count': 9,
}
export const POOLING_FILE = { ...PLAIN_FILE, 'llama.pooling_type': 1 }

/** One line per message. */
const PLAIN_TEMPLATE = '{{- range .Messages }}{{ .Role }}: {{ .Content }}\n{{ end }}'
export const THINKING_TEMPLATE =
  '{{- range .Messages }}{{ .Role }}: {{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}\n{{ end }}' +
  '{{ if .IsThinkSet }}think={{ .Think }}{{ .ThinkLevel }}{{ end }}'
export const TOOLS_TEMPLATE =
  '{{ .Tools }}\n{{- range .Messages }}{{ .Role }}: {{ if .ToolCalls }}<tool_call>{{ range .ToolCalls }}{{ .Function.Name }}{{ end }}{{ end }}{{ .Content }}\n{{ end }}'
export const INSERT_TEMPLATE = '{{ if .Suffix }}<pre>{{ .Prompt }}<suf>{{ .Suffix }}<mid>{{ else }}{{ .Prompt }}{{ end }}'

export function createStage({ log = silentLog, ...loaderOptions }: FakeLoaderOptions & { log?: Log } = {}) {
  const clock = createManualClock()
  const store = createMemoryStore()
  const loader = createFakeLoader(loaderOptions)
  const readHead = async (path: string) => toHead(await store.blobs.readText(parseDigest(path.slice('memory/'.length))))
  const reader = createModelReader({ store, readHead, nowMs: clock.nowMs })
  const scheduler = createScheduler({
    loadRunner: loader.load,
    clock,
    log,
    limits: { ...TEST_LIMITS, numParallel: 2 },
    memory: () => ({ totalBytes: 2 ** 36, freeBytes: 2 ** 36 }),
  })
  let calls = 0
  const services = createRunServices({ reader, scheduler, clock, log, createCallId: () => `call_${++calls}` })
  const add = (name: string, { layers, ...model }: MemoryModel = {}) =>
    store.add(name, { ...model, layers: { model: JSON.stringify(PLAIN_FILE), template: PLAIN_TEMPLATE, ...layers } })
  const requests = () => loader.loads.flatMap((load) => load.runner?.requests ?? [])
  return { add, clock, loader, reader, requests, scheduler, services, store }
}

export async function collect(events: AsyncIterable<ChatEvent>): Promise<ChatEvent[]> {
  const collected: ChatEvent[] = []
  for await (const event of events) collected.push(event)
  return collected
}

/** The joined deltas of one kind. */
export function textOf(events: readonly ChatEvent[], type: 'text-delta' | 'thinking-delta' = 'text-delta'): string {
  return events.map((event) => (event.type === type ? event.text : '')).join('')
}

export function finishOf(events: readonly ChatEvent[]): Extract<ChatEvent, { type: 'finish' }> {
  const finish = events.at(-1)
  if (finish?.type !== 'finish') throw new Error(`the events end with ${finish?.type}`)
  return finish
}

function toHead(text: string): GgufHead {
  if (!text.startsWith('{')) throw new AppError('invalid_gguf', 'this is no GGUF file')
  const metadata = new Map(Object.entries(JSON.parse(text) as Record<string, GgufValue>))
  return {
    version: 3,
    littleEndian: true,
    alignment: 32,
    metadata,
    metadataTypes: new Map(),
    tensors: [],
    parameterCount: 135_000_000,
    dataOffsetBytes: 0,
    fileSizeBytes: 98_000_000,
  }
}
