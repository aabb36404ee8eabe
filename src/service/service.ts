// The use cases, as http/ sees them. Requests are the domain's: already decoded and typed, but not yet checked against any model.
// A stream that fails before its first item must be reported by http with a real status; later by an in-band error.

import type { ChatEvent } from '../chat/event.ts'
import type { Message, Think, Tool } from '../chat/message.ts'
import type { Capability } from '../model/capability.ts'
import type { ConfigBlob } from '../model/config-blob.ts'
import type { ModelDetails } from '../model/details.ts'
import type { Progress } from '../registry/registry.ts'

/** Nanoseconds that the runner stays loaded after its last request; Infinity = for ever; 0 = unload at once. */
export type KeepAliveNs = number

export type OutputFormat = { type: 'json' } | { type: 'schema'; schema: Record<string, unknown> }

/** No format at all. It is refused where it would be used: a request that writes nothing, or that fails before, does not get there. */
export interface UnknownFormat {
  type: 'unknown'
  /** JSON. */
  sent: string
}

/** Which tool the reply must call: any or none as the model likes, none, at least one, this one. */
export type ToolChoice = 'auto' | 'none' | 'required' | { name: string }

export interface RunRequest {
  /** As the client sent it. */
  model: string
  options?: Record<string, unknown>
  keepAliveNs?: KeepAliveNs
}

export interface CompletionFields extends RunRequest {
  format?: OutputFormat | UnknownFormat
  think?: Think
  /** A model that does not think answers all the same (the Anthropic dialect), where it would refuse otherwise. */
  thinkIsOptional?: boolean
  /** Thinking is ended after about so many tokens, where the model's way of thinking is known. */
  thinkingBudgetTokens?: number
  truncate?: boolean
  shift?: boolean
  /** Alternatives per token; 0 = the token alone; absent = no log-probabilities. */
  topLogprobs?: number
  /** The same for the tokens of the prompt. */
  promptLogprobs?: number
  /** Token id -> bias added to its logit. */
  logitBias?: readonly (readonly [token: number, bias: number])[]
  /** An event says before the reply that something of the prompt was left out. */
  tellsCut?: boolean
  /** The prompt is evaluated, and nothing is written. */
  prefillOnly?: boolean
  debugRenderOnly?: boolean
}

export interface ChatRequest extends CompletionFields {
  /** Empty: load (or unload with keepAliveNs 0). */
  messages: Message[]
  /** What the model must be able to do beside a chat. Throws `unsupported_capability`. */
  needs?: readonly Capability[]
  tools?: Tool[]
  /** `auto` unless told. Throws `invalid_request` where the model's way of calling cannot be enforced. */
  toolChoice?: ToolChoice
  /** False: one call at most. */
  parallelToolCalls?: boolean
  /** Tool calls are given in pieces while they are written, beside the whole calls; where the model's way of calling allows it. */
  streamsCalls?: boolean
  /** A text of the assistant that ends the messages is the beginning of the reply, whatever the template would do with it. */
  continuesLastMessage?: boolean
  /** Further variables of the model's chat template. */
  templateVariables?: Record<string, unknown>
}

/** A chat that is under way: the model is loaded, the prompt is built, and only the runner can refuse it now. */
export interface StartedChat {
  /** Of the prompt as it was built; 0 where there is none. What the runner evaluated stands in `finish`. */
  promptTokens: number
  /** Read to the end, or closed: the runner is kept for it. */
  events: AsyncIterable<ChatEvent>
}

export interface GenerateRequest extends CompletionFields {
  /** Empty: load (or unload with keepAliveNs 0). */
  prompt: string
  /** Token ids in place of the prompt; they go to the model as they are. */
  promptTokens?: readonly number[]
  suffix?: string
  system?: string
  template?: string
  context?: number[]
  raw?: boolean
  images?: Uint8Array[]
}

/** A text, or token ids that go to the model as they are. */
export type EmbedInput = string | readonly number[]

export interface EmbedRequest extends RunRequest {
  inputs: readonly EmbedInput[]
  truncate?: boolean
  dimensions?: number
  /** false: vectors as the engine gives them (`/api/embeddings` has rules of its own). */
  normalize?: boolean
}

export interface EmbedReply {
  embeddings: Float32Array[]
  totalNs: number
  loadNs: number
  promptTokens: number
  /** Of texts that were too long; absent where all fit. */
  droppedTokens?: number
}

export interface RerankRequest extends RunRequest {
  query: string
  documents: readonly string[]
  /** False: a document that is too long is refused; else it is cut. */
  truncate?: boolean
  /** Tokens of a document that count. */
  documentTokens?: number
}

export interface RerankReply {
  /** How well each document answers the query, 0 to 1, in the order of the documents. */
  scores: number[]
  promptTokens: number
  /** Of documents that were too long; absent where all fit. */
  droppedTokens?: number
}

export interface ModelIdentity {
  /** Of its manifest: changes with every part of it. */
  digestHex: string
}

export interface ListedModel {
  name: string
  config: ConfigBlob
  modifiedMs: number
  sizeBytes: number
  digestHex: string
  details: ModelDetails
  contextLength?: number
  embeddingLength?: number
  capabilities: string[]
}

export interface RunningModel {
  name: string
  digestHex: string
  details: ModelDetails
  sizeBytes: number
  sizeVramBytes: number
  contextTokens: number
  /** Milliseconds since 1970; Infinity = for ever. */
  expiresMs: number
}

export interface ShowRequest {
  model: string
  verbose?: boolean
  system?: string
  options?: Record<string, unknown>
}

export interface ShownModel {
  license?: string
  modelfile: string
  parameters?: string
  template?: string
  system?: string
  details: ModelDetails
  messages?: Message[]
  remoteModel?: string
  remoteHost?: string
  modelInfo: Record<string, unknown>
  projectorInfo?: Record<string, unknown>
  tensors?: { name: string; type: string; shape: number[] }[]
  capabilities: string[]
  modifiedMs: number
  requires?: string
}

export interface CreateRequest {
  model: string
  from?: string
  remoteHost?: string
  /** Text of a Modelfile, or its path on this machine: older forms of what the other fields say. */
  modelfile?: string
  path?: string
  /** Relative path -> digest, both as the client sent them. */
  files?: Record<string, string>
  adapters?: Record<string, string>
  draftFiles?: Record<string, string>
  draftQuantize?: string
  template?: string
  system?: string
  license?: string[]
  parameters?: Record<string, unknown>
  messages?: Message[]
  quantize?: string
  renderer?: string
  parser?: string
  requires?: string
  info?: Record<string, unknown>
}

export interface TransferRequest {
  model: string
  insecure?: boolean
  /** On all connections together. */
  limitBytesPerSecond?: number
}

export interface Service {
  chat(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatEvent>
  /** As `chat`, for dialects that speak before the first token. */
  startChat(request: ChatRequest, signal: AbortSignal): Promise<StartedChat>
  /** Tokens of the prompt that this request makes, uncut, by the model's own tokenizer and template. */
  countPromptTokens(request: ChatRequest, signal: AbortSignal): Promise<number>
  generate(request: GenerateRequest, signal: AbortSignal): AsyncIterable<ChatEvent>
  embed(request: EmbedRequest, signal: AbortSignal): Promise<EmbedReply>
  /** Throws `unsupported_capability` for a model that is no reranker. */
  rerank(request: RerankRequest, signal: AbortSignal): Promise<RerankReply>
  tokenize(request: RunRequest & { text: string }, signal: AbortSignal): Promise<number[]>
  detokenize(request: RunRequest & { tokens: number[] }, signal: AbortSignal): Promise<string>
  /** Which model a name means, at little cost. */
  identify(model: string): Promise<ModelIdentity>
  list(): Promise<readonly ListedModel[]>
  running(): RunningModel[]
  show(request: ShowRequest): Promise<ShownModel>
  create(request: CreateRequest, signal: AbortSignal): AsyncIterable<Progress>
  copy(source: string, destination: string): Promise<void>
  remove(model: string): Promise<void>
  pull(request: TransferRequest, signal: AbortSignal): AsyncIterable<Progress>
  push(request: TransferRequest, signal: AbortSignal): AsyncIterable<Progress>
  hasBlob(digest: string): Promise<boolean>
  /** False when it was there already; then `body` is not read. */
  putBlob(digest: string, body: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<{ created: boolean }>
}
