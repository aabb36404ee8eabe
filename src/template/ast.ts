// The tree of a Go template, and the text of its expressions as error messages quote it.

export interface ListNode {
  type: 'list'
  nodes: Node[]
}

export type Node = TextNode | ActionNode | BranchNode | TemplateNode | JumpNode

interface TextNode {
  type: 'text'
  text: string
}

interface ActionNode {
  type: 'action'
  at: number
  pipe: PipeNode
}

export interface BranchNode {
  type: 'if' | 'with' | 'range'
  at: number
  pipe: PipeNode
  list: ListNode
  elseList?: ListNode
}

interface TemplateNode {
  type: 'template'
  at: number
  name: string
  pipe?: PipeNode
}

interface JumpNode {
  type: 'break' | 'continue'
}

export interface PipeNode {
  type: 'pipe'
  at: number
  /** Names with their `$`. */
  declarations: string[]
  isAssignment: boolean
  commands: CommandNode[]
}

export interface CommandNode {
  type: 'command'
  at: number
  /** At least one. */
  operands: Operand[]
}

export type Operand =
  | { type: 'identifier'; at: number; name: string }
  | { type: 'field'; at: number; path: string[] }
  /** `path[0]` is the name with its `$`. */
  | { type: 'variable'; at: number; path: string[] }
  | { type: 'chain'; at: number; base: Operand; path: string[] }
  | { type: 'dot'; at: number }
  | { type: 'nil'; at: number }
  | { type: 'boolean'; at: number; value: boolean }
  | { type: 'number'; at: number; text: string; value: bigint | number }
  | { type: 'string'; at: number; quoted: string; value: string }
  | PipeNode

export type PlacedNode = ActionNode | BranchNode | TemplateNode | CommandNode | Operand

/** Source of a node, in Go's spelling. Control nodes are given by their head. */
export function formatNode(node: PlacedNode): string {
  switch (node.type) {
    case 'action':
      return `{{${formatNode(node.pipe)}}}`
    case 'if':
    case 'with':
    case 'range':
      return `{{${node.type} ${formatNode(node.pipe)}}}`
    case 'template':
      return `{{template ${JSON.stringify(node.name)}${node.pipe ? ` ${formatNode(node.pipe)}` : ''}}}`
    case 'command':
      return node.operands.map(formatOperand).join(' ')
    default:
      return formatExpression(node)
  }
}

function formatOperand(node: Operand): string {
  return node.type === 'pipe' ? `(${formatExpression(node)})` : formatExpression(node)
}

function formatExpression(node: Operand): string {
  switch (node.type) {
    case 'pipe': {
      const declared = node.declarations.length === 0 ? '' : `${node.declarations.join(', ')} ${node.isAssignment ? '=' : ':='} `
      return declared + node.commands.map(formatNode).join(' | ')
    }
    case 'identifier':
      return node.name
    case 'field':
      return node.path.map((name) => `.${name}`).join('')
    case 'variable':
      return node.path.join('.')
    case 'chain':
      return formatOperand(node.base) + node.path.map((name) => `.${name}`).join('')
    case 'dot':
      return '.'
    case 'nil':
      return 'nil'
    case 'boolean':
      return String(node.value)
    case 'number':
      return node.text
    case 'string':
      return node.quoted
  }
}
