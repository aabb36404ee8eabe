// Tools whose schemas Anthropic's models know by heart; any other model must be told.

import type { Tool } from '../../chat/message.ts'

type ToolFunction = Tool['function']

const path = { type: 'string', description: 'Absolute path of the file or directory.' }

export const BASH_TOOL: ToolFunction = {
  name: 'bash',
  description: 'Runs a command in a bash session that stays open between calls.',
  parameters: {
    type: 'object',
    properties: {
      command: { type: 'string', description: 'The command to run.' },
      restart: { type: 'boolean', description: 'True to start the session anew.' },
    },
  },
}

export const TEXT_EDITOR_TOOL: ToolFunction = {
  name: 'str_replace_based_edit_tool',
  description: 'Views, creates and edits text files.',
  parameters: {
    type: 'object',
    properties: {
      command: { type: 'string', enum: ['view', 'create', 'str_replace', 'insert'] },
      path,
      view_range: { type: 'array', items: { type: 'integer' }, description: 'First and last line to view; -1 is the end.' },
      file_text: { type: 'string', description: 'The content of a file to create.' },
      old_str: { type: 'string', description: 'The text to replace; it must stand in the file exactly once.' },
      new_str: { type: 'string', description: 'The text to put in its place.' },
      insert_line: { type: 'integer', description: 'The line behind which to insert; 0 is the start of the file.' },
      insert_text: { type: 'string', description: 'The text to insert.' },
    },
    required: ['command', 'path'],
  },
}

export const MEMORY_TOOL: ToolFunction = {
  name: 'memory',
  description: 'Keeps notes in files below /memories across conversations.',
  parameters: {
    type: 'object',
    properties: {
      command: { type: 'string', enum: ['view', 'create', 'str_replace', 'insert', 'delete', 'rename'] },
      path,
      view_range: { type: 'array', items: { type: 'integer' } },
      file_text: { type: 'string' },
      old_str: { type: 'string' },
      new_str: { type: 'string' },
      insert_line: { type: 'integer' },
      insert_text: { type: 'string' },
      old_path: { type: 'string' },
      new_path: { type: 'string' },
    },
    required: ['command'],
  },
}
