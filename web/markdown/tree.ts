// What a reply in Markdown becomes: a tree of the kinds below and of text. There is no kind for HTML, so none can come out of it.

export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'strong' | 'emphasis' | 'struck'; content: Inline[] }
  | { kind: 'link'; url: string; content: Inline[] }
  | { kind: 'break' }

export type Align = 'left' | 'center' | 'right' | undefined

export type Block =
  | { kind: 'paragraph'; content: Inline[] }
  | { kind: 'heading'; level: number; content: Inline[] }
  | { kind: 'code'; language: string; text: string }
  | { kind: 'quote'; blocks: Block[] }
  | { kind: 'list'; isOrdered: boolean; start: number; items: ListItem[] }
  | { kind: 'table'; aligns: Align[]; head: Inline[][]; rows: Inline[][][] }
  | { kind: 'rule' }

export interface ListItem {
  /** Of a task: whether it is done. */
  isDone?: boolean
  blocks: Block[]
}
