// What a model can do, in the order in which Ollama derives it (contract/native.md section 7.5): its config, the Jinja template, the
// metadata of its file, its projectors, the Go template, its parser, its family. Each capability is named once.

import type { PromptTemplate } from '../chat/prompt-template.ts'
import type { GgufHead } from '../gguf/types.ts'
import { CAPABILITIES, type Capability } from '../model/capability.ts'
import type { ConfigBlob } from '../model/config-blob.ts'
import { architectureName } from '../scheduler/architecture.ts'

/** llama.cpp's LLAMA_POOLING_TYPE_RANK, as files name it. */
const RANK_POOLING = 4

export interface CapabilityFacts {
  config: ConfigBlob
  /** Absent for a stub of a remote model and for a safetensors model. */
  head?: GgufHead
  projectors: readonly GgufHead[]
  template: Pick<PromptTemplate, 'kind' | 'capabilities'>
  /** What the parser adds that the config names. */
  parser: { tools: boolean; thinking: boolean }
}

export function deriveCapabilities(facts: CapabilityFacts): Capability[] {
  const found = new Set<Capability>((facts.config.capabilities ?? []).filter(isCapability))
  if (facts.template.kind === 'jinja') addTemplate(found, facts.template)
  if (facts.head) addFile(found, facts.head)
  if (facts.projectors.length > 0) found.add('vision')
  if (facts.projectors.some(hearsAudio)) found.add('audio')
  if (facts.template.kind !== 'jinja') addTemplate(found, facts.template)
  if (facts.parser.tools) found.add('tools')
  if (facts.parser.thinking) found.add('thinking')
  if (isGptOss(facts.config.model_family)) found.add('thinking')
  removeUnserved(found, facts)
  return [...found]
}

/** wire: Ollama has no word for it, so it is no capability: such a model is listed under `embedding`, though what it gives is a score. */
export function isReranker(head: GgufHead): boolean {
  return head.metadata.get(`${architectureName(head)}.pooling_type`) === RANK_POOLING
}

function isGptOss(family: string): boolean {
  return family === 'gptoss' || family === 'gpt-oss'
}

function isCapability(text: string): text is Capability {
  return (CAPABILITIES as readonly string[]).includes(text)
}

function addTemplate(found: Set<Capability>, template: CapabilityFacts['template']): void {
  if (template.capabilities.tools) found.add('tools')
  if (template.capabilities.insert) found.add('insert')
  if (template.capabilities.thinking) found.add('thinking')
}

function addFile(found: Set<Capability>, head: GgufHead): void {
  found.add(hasArchitectureKey(head, 'pooling_type') ? 'embedding' : 'completion')
  if (hasArchitectureKey(head, 'vision.block_count')) found.add('vision')
  if (hasArchitectureKey(head, 'audio.block_count')) found.add('audio')
}

function hasArchitectureKey(head: GgufHead, key: string): boolean {
  return head.metadata.has(`${architectureName(head)}.${key}`)
}

function hearsAudio(projector: GgufHead): boolean {
  const type = projector.metadata.get(`${architectureName(projector)}.vision.projector_type`)
  if (type === 'gemma3nv') return false
  return [...projector.metadata].some(
    ([key, value]) => (key === 'has_audio_encoder' || key.endsWith('.has_audio_encoder')) && value === true,
  )
}

// wire: Ollama hides what its own runners cannot serve, and clients choose models by this list.
function removeUnserved(found: Set<Capability>, { config, head }: CapabilityFacts): void {
  const families = [config.model_family, ...(config.model_families ?? []), ...(head ? [architectureName(head)] : [])]
  if (families.includes('nemotron_h_omni')) found.delete('audio')
  if (config.model_format !== 'safetensors') return
  const renderer = config.renderer ?? ''
  const isNemotron = renderer === 'nemotron-3-nano' || config.parser === 'nemotron-3-nano' || families.includes('nemotron_h_omni')
  if (isNemotron || renderer.startsWith('gemma4')) found.delete('vision')
  if (isNemotron || renderer.startsWith('gemma4') || renderer === 'glimmer') found.delete('audio')
}
