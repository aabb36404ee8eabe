// The domain's messages and tools: what every dialect's request becomes, and what templates and renderers read.

export interface Message {
  /** Lower case; any word is allowed (`user`, `assistant`, `system`, `tool`, `developer`, ...). */
  role: string
  content: string
  thinking?: string
  /** Decoded media, in order. */
  images?: Uint8Array[]
  toolCalls?: ToolCall[]
  /** On a tool's result: which tool, which call. */
  toolName?: string
  toolCallId?: string
}

export interface ToolCall {
  id?: string
  function: {
    index: number
    name: string
    /** Key order is the order in which the model or the client wrote them. */
    arguments: Record<string, unknown>
  }
}

/** A tool as the client sent it: JSON Schema whole, nothing dropped. */
export interface Tool {
  type: string
  function: {
    name: string
    description?: string
    parameters?: Record<string, unknown>
    [key: string]: unknown
  }
  [key: string]: unknown
}

export type ThinkLevel = 'low' | 'medium' | 'high' | 'max'
export type Think = boolean | ThinkLevel
