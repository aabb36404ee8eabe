// The web console: files that the build made of web/ (docs/decisions/0021-console.md), read from the program's own folder when they are asked for,
// so that a server that nobody opens in a browser pays nothing for it. The page names its assets by their hashes, so they may be kept for ever and
// the page may not. Names are matched as a whole before they become a path. No file here holds a secret: they are served without the server's key.

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { unlessMissing } from '../../base/system-error.ts'
import { empty, type Reply, type ReplyHeaders } from '../kernel/reply.ts'
import type { HttpRequest } from '../kernel/request.ts'
import type { Method, Route } from '../kernel/route.ts'

/** wire: not `/`, where clients look for the words "Ollama is running". */
export const CONSOLE_PATH = '/console'
const PAGE = 'index.html'
const ASSET = /^[a-z]+-[A-Z0-9]{8}(\.(?:js|css|svg))$/
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** No script but our own, nothing from elsewhere, in nobody's frame; and text never becomes markup, whoever wrote it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const GUARDS: ReplyHeaders = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

export function createConsoleRoutes(folder: string): Route[] {
  const both = (path: string, handle: Route['handle']): Route[] =>
    (['HEAD', 'GET'] as const).map((method: Method) => ({ method, path, handle, isOpen: true, fail: () => empty(500) }))
  return [
    ...both(CONSOLE_PATH, (request) => servePage(folder, request)),
    ...both(`${CONSOLE_PATH}/:file`, (request) => serveAsset(folder, request)),
  ]
}

async function servePage(folder: string, { headers }: HttpRequest): Promise<Reply> {
  const bytes = await unlessMissing(readFile(path.join(folder, PAGE)))
  if (!bytes) return notThere('the console is not built here: npm run build')
  const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
  const kept = { ...GUARDS, 'Cache-Control': 'no-cache', ETag: tag }
  if (hasTag(headers['if-none-match'], tag)) return { kind: 'empty', status: 304, headers: kept }
  return { kind: 'bytes', status: 200, bytes, contentType: 'text/html; charset=utf-8', headers: kept }
}

async function serveAsset(folder: string, { params: { file = '' } }: HttpRequest): Promise<Reply> {
  const extension = ASSET.exec(file)?.[1]
  const bytes = extension === undefined ? undefined : await unlessMissing(readFile(path.join(folder, file)))
  if (extension === undefined || !bytes) return notThere('404 page not found')
  const headers = { ...GUARDS, 'Cache-Control': 'public, max-age=31536000, immutable' }
  return { kind: 'bytes', status: 200, bytes, contentType: TYPES[extension] ?? '', headers }
}

function notThere(text: string): Reply {
  return { kind: 'text', status: 404, text, contentType: 'text/plain', headers: { 'Cache-Control': 'no-store' } }
}

function hasTag(header: string | undefined, tag: string): boolean {
  const tags = (header ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''))
  return tags.includes(tag) || tags.includes('*')
}
