// What can be read off a template without running it: which names it uses, which tags surround thinking and tool calls
// (contract/native.md 12.2, 12.4, 4.4), and the copy that ends at the reply. The rules are heuristics that must agree with Ollama's.

import type { BranchNode, CommandNode, ListNode, Node, Operand, PipeNode } from './ast.ts'

/** Lower-cased names in all pipelines; of a chain on parentheses only what stands inside is not seen. */
export function templateIdentifiers(lists: readonly ListNode[]): Set<string> {
  const names = new Set<string>()
  const visitPipe = (pipe: PipeNode | undefined): void => {
    for (const operand of pipe?.commands.flatMap((command) => command.operands) ?? []) {
      if (operand.type === 'pipe') visitPipe(operand)
      else if (operand.type === 'field' || operand.type === 'variable') for (const name of operand.path) names.add(name.toLowerCase())
    }
  }
  for (const list of lists) for (const node of allNodes(list)) if ('pipe' in node) visitPipe(node.pipe)
  return names
}

function* allNodes(list: ListNode): Iterable<Node> {
  for (const node of list.nodes) {
    yield node
    if (!isBranch(node)) continue
    yield* allNodes(node.list)
    if (node.elseList) yield* allNodes(node.elseList)
  }
}

/**
 * The texts around `.Thinking` inside a range over `.Messages`: first and last node of the list that shows it. Absent unless both are found.
 * Of several such places, the last that has a text counts, for each tag by itself.
 */
export function inferThinkingTags(root: ListNode): { open: string; close: string } | undefined {
  const tags = { open: '', close: '' }
  visitThinking(root, undefined, tags)
  return tags.open !== '' && tags.close !== '' ? tags : undefined
}

function visitThinking(list: ListNode, range: BranchNode | undefined, tags: { open: string; close: string }): void {
  for (const node of list.nodes) {
    if (!('pipe' in node) || !node.pipe) continue
    const innerRange = node.type === 'range' ? node : range
    const isShown = hasField(node.pipe, (path) => path[0] === 'Thinking')
    if (isShown && innerRange && hasField(innerRange.pipe, (path) => path[0] === 'Messages')) {
      const [first, last] = [list.nodes[0], list.nodes.at(-1)]
      if (first?.type === 'text') tags.open = first.text.trim()
      if (last?.type === 'text') tags.close = last.text.trim()
    }
    if (!isBranch(node)) continue
    visitThinking(node.list, innerRange, tags)
    if (node.elseList) visitThinking(node.elseList, innerRange, tags)
  }
}

function hasField(pipe: PipeNode, matches: (path: readonly string[]) => boolean): boolean {
  return pipe.commands.some((command) =>
    command.operands.some((operand) =>
      operand.type === 'pipe' ? hasField(operand, matches) : operand.type === 'field' && matches(operand.path),
    ),
  )
}

/** What the model writes before a tool call: the first text in the first `{{ if .ToolCalls }}`, up to `{`; "{" where there is none. */
export function inferToolCallTag(root: ListNode): string {
  const branch = findToolCalls(root)
  const text = branch && searchText(branch.list)
  if (typeof text !== 'string') return '{'
  const tag = (text.replaceAll('\r\n', '\n').split('{')[0] ?? '').trim()
  return tag === '' ? '{' : tag
}

function findToolCalls(list: ListNode): BranchNode | undefined {
  for (const node of list.nodes) {
    if (!isBranch(node)) continue
    const operands = node.pipe.commands.flatMap((command) => command.operands)
    const isFound = node.type === 'if' && operands.some((operand) => operand.type === 'field' && operand.path.includes('ToolCalls'))
    const found = isFound ? node : (findToolCalls(node.list) ?? (node.elseList && findToolCalls(node.elseList)))
    if (found) return found
  }
  return undefined
}

/** False: an action came first, and the search is over. */
function searchText(list: ListNode): string | false | undefined {
  for (const node of list.nodes) {
    if (node.type === 'text' && node.text.trim() !== '') return node.text
    if (node.type === 'action') return false
    if (!isBranch(node)) continue
    const text = searchText(node.list) || (node.elseList && searchText(node.elseList))
    return text || false
  }
  return undefined
}

/** A copy of the template that ends right after the first `.Response`, so that the reply continues there. */
export function cutAfterResponse(root: ListNode): ListNode {
  return cutList(root, { isCut: false })
}

interface CutState {
  isCut: boolean
}

function cutList(list: ListNode, state: CutState): ListNode {
  const nodes: Node[] = []
  for (const node of list.nodes) {
    if (state.isCut) break
    const kept = cutNode(node, state)
    if (kept) nodes.push(kept)
  }
  return { type: 'list', nodes }
}

function cutNode(node: Node, state: CutState): Node | undefined {
  if (node.type === 'action') {
    const pipe = cutPipe(node.pipe, state)
    return pipe && { ...node, pipe }
  }
  if (!isBranch(node)) return node
  const { elseList, ...branch } = node
  const list = cutList(node.list, state)
  return { ...branch, list, ...(elseList && !state.isCut ? { elseList: cutList(elseList, state) } : {}) }
}

/** Arguments after the reply go too; a command that loses all of them takes the action along. */
function cutPipe(pipe: PipeNode, state: CutState): PipeNode | undefined {
  const commands: CommandNode[] = []
  for (const command of pipe.commands) {
    const operands: Operand[] = []
    for (const operand of command.operands) {
      if (state.isCut) break
      const kept = operand.type === 'pipe' ? cutPipe(operand, state) : operand
      if (kept) operands.push(kept)
      if (operand.type === 'field' && operand.path.includes('Response')) state.isCut = true
    }
    if (operands.length === 0) return undefined
    commands.push({ ...command, operands })
  }
  return { ...pipe, commands }
}

function isBranch(node: Node): node is BranchNode {
  return node.type === 'if' || node.type === 'with' || node.type === 'range'
}
