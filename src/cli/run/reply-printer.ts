// Writes a reply as it arrives: thinking between two marks, text, calls of tools that nobody here has. On a terminal with colours and word
// wrap; into a pipe as the model gave it.

import type { ToolCallBody } from '../../api/message.ts'
import { columnsOf, type OutputStream } from '../io.ts'
import { createWordWrapper } from '../terminal/word-wrap.ts'

export interface ReplyPiece {
  text: string
  thinking?: string | undefined
  toolCalls?: readonly ToolCallBody[] | undefined
}

export interface ReplyPrinter {
  push(piece: ReplyPiece): void
  /** All that was thought, shown or not. */
  readonly thinking: string
  readonly text: string
}

const GREY = '\x1b[38;5;245m'
const BOLD = '\x1b[1m'
const DEFAULT_COLOR = '\x1b[0m'

export function createReplyPrinter(output: OutputStream, look: { wordWrap: boolean; hideThinking: boolean }): ReplyPrinter {
  const styled = output.isTTY === true
  const style = (codes: string): string => (styled ? codes : '')
  const columns = (): number => columnsOf(output)
  let wrapper = createWordWrapper(columns)
  let thinkingOpen = false
  let thinking = ''
  let text = ''

  const write = (piece: string): void => {
    if (piece !== '') output.write(styled && look.wordWrap ? wrapper.push(piece) : piece)
  }
  const openThinking = (): void => {
    if (thinkingOpen) return
    thinkingOpen = true
    output.write(`${style(GREY + BOLD)}Thinking...\n${style(DEFAULT_COLOR + GREY)}`)
  }
  const closeThinking = (): void => {
    if (!thinkingOpen) return
    thinkingOpen = false
    output.write(`${thinking.endsWith('\n') ? '' : '\n'}${style(GREY + BOLD)}...done thinking.\n\n${style(DEFAULT_COLOR)}`)
    wrapper = createWordWrapper(columns)
  }

  return {
    get thinking() {
      return thinking
    },
    get text() {
      return text
    },
    push(piece) {
      if (piece.thinking) {
        thinking += piece.thinking
        if (!look.hideThinking) {
          openThinking()
          write(piece.thinking)
        }
      }
      const toolCalls = piece.toolCalls ?? []
      if (piece.text !== '' || toolCalls.length > 0) closeThinking()
      text += piece.text
      write(piece.text)
      if (toolCalls.length > 0) output.write(formatToolCalls(toolCalls, styled))
    },
  }
}

function formatToolCalls(calls: readonly ToolCallBody[], styled: boolean): string {
  const words = styled ? GREY + BOLD : ''
  const values = styled ? DEFAULT_COLOR : ''
  const lines = calls.map((call) => {
    const { name, arguments: given } = call.function
    return `  Model called a non-existent function '${values}${name}${words}()' with arguments: ${values}${JSON.stringify(given)}${words}`
  })
  return words + lines.join('\n') + values
}
