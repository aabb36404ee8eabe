// The help texts of the chat.

import type { ShowResponseBody } from '../../api/models.ts'
import { isMultimodal } from './shown.ts'

type Lines = readonly (readonly [string, string])[]

const COMMANDS: Lines = [
  ['/set', 'Change settings of this chat'],
  ['/show', 'Show what the model is'],
  ['/list', 'List models'],
  ['/load <model>', 'Go on with another model'],
  ['/save <model>', 'Save this chat as a model'],
  ['/clear', 'Forget what was said'],
  ['/bye', 'Leave'],
  ['/?, /help', 'Help for a command'],
  ['/? shortcuts', 'Help for the keyboard'],
]
const SET: Lines = [
  ['/set parameter ...', 'Set a parameter'],
  ['/set system <string>', 'Set the system message'],
  ['/set history', 'Save what is typed'],
  ['/set nohistory', 'Do not save what is typed'],
  ['/set wordwrap', 'Wrap lines at words'],
  ['/set nowordwrap', 'Do not wrap lines'],
  ['/set format json', 'Replies in JSON'],
  ['/set noformat', 'Replies in any form'],
  ['/set verbose', 'Show timings'],
  ['/set quiet', 'Do not show timings'],
  ['/set think [level]', 'Think first'],
  ['/set nothink', 'Do not think'],
]
const SHOW: Lines = [
  ['/show info', 'Show details of the model'],
  ['/show license', 'Show its license'],
  ['/show modelfile', 'Show its Modelfile'],
  ['/show parameters', 'Show its parameters'],
  ['/show system', 'Show the system message'],
  ['/show template', 'Show its prompt template'],
]
const SHORTCUTS: Lines = [
  ['Ctrl + a, Home', 'To the beginning of the line'],
  ['Ctrl + e, End', 'To the end of the line'],
  ['Alt + b', 'One word back'],
  ['Alt + f', 'One word forward'],
  ['Ctrl + k', 'Delete to the end of the line'],
  ['Ctrl + u', 'Delete to the beginning of the line'],
  ['Ctrl + w', 'Delete the word before the cursor'],
  ['Ctrl + j', 'Begin a new line'],
  ['Ctrl + l', 'Clear the screen'],
  ['Ctrl + g', 'Write the prompt in an editor'],
  ['Ctrl + c', 'Stop the reply'],
  ['Ctrl + d', 'Leave (/bye)'],
]
const PARAMETERS: Lines = [
  ['/set parameter seed <int>', 'Seed of the random numbers'],
  ['/set parameter num_predict <int>', 'Most tokens of a reply'],
  ['/set parameter top_k <int>', 'Choose among the k likeliest tokens'],
  ['/set parameter top_p <float>', 'Choose among tokens that add up to p'],
  ['/set parameter min_p <float>', 'Least share of the best probability'],
  ['/set parameter num_ctx <int>', 'Context length'],
  ['/set parameter temperature <float>', 'How much chance there is'],
  ['/set parameter repeat_penalty <float>', 'Penalty for repeated tokens'],
  ['/set parameter repeat_last_n <int>', 'How far back repetition counts'],
  ['/set parameter num_gpu <int>', 'Layers on the GPU'],
  ['/set parameter stop <string> <string> ...', 'Texts that end a reply'],
]

export const SET_HELP = format('Available Commands:', SET)
export const SHOW_HELP = format('Available Commands:', SHOW)
export const PARAMETER_HELP = format('Available Parameters:', PARAMETERS)

export function formatHelp(topic: string | undefined, shown: ShowResponseBody): string {
  if (topic === 'set' || topic === '/set') return SET_HELP
  if (topic === 'show' || topic === '/show') return SHOW_HELP
  if (topic === 'shortcut' || topic === 'shortcuts') return format('Keyboard shortcuts:', SHORTCUTS)
  const files = isMultimodal(shown) ? 'Use /path/to/file to include .jpg, .png, .webp images, or .wav audio files.\n' : ''
  return `${format('Available Commands:', COMMANDS)}Use """ to begin a multi-line message.\n${files}\n`
}

function format(title: string, lines: Lines): string {
  const width = Math.max(...lines.map(([name]) => name.length)) + 2
  return `${title}\n${lines.map(([name, text]) => `  ${name.padEnd(width)}${text}\n`).join('')}\n`
}
