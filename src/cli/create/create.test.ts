import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CreateRequestBody } from '../../api/create.ts'
import type { ImportRequestBody } from '../../api/maintenance.ts'
import { AppError } from '../../base/errors.ts'
import { createTestCli, parts } from '../testing/fakes.ts'
import { findModelFiles, relativeNames } from './model-files.ts'

const BINARY = Buffer.from('GGUF\x03\x00\x00\x00')
const digestOf = (content: string | Buffer) => `sha256:${createHash('sha256').update(content).digest('hex')}`

let folder: string
beforeEach(async () => {
  folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'create-')))
})
afterEach(() => rm(folder, { recursive: true }))

async function put(files: Record<string, string | Buffer>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true })
    await writeFile(path.join(folder, name), content)
  }
}

/** `create` with a Modelfile: the exit status, what was sent, what was asked for. */
async function create(modelfile: string, ...flags: string[]) {
  await put({ Modelfile: modelfile })
  const requests: CreateRequestBody[] = []
  const sent = new Map<string, number>()
  const known = new Set<string>()
  const imports: ImportRequestBody[] = []
  const importing = { refusal: new AppError('route_not_found', '404 page not found', { details: { status: 404 } }) as AppError | undefined }
  const cli = createTestCli({
    client: {
      async *importFile(request) {
        imports.push(request)
        if (importing.refusal) throw importing.refusal
        yield { status: 'importing', completed: 4, total: 8 }
        yield { status: 'success', digest: 'sha256:imported', size: 8 }
      },
      headBlob: async (digest) => known.has(digest),
      postBlob: async (digest, body) => {
        let size = 0
        for await (const bytes of body) size += bytes.length
        sent.set(digest, size)
      },
      create: (request) => {
        requests.push(request)
        return parts(
          { status: 'parsing GGUF' },
          { status: 'validating GGUF model', digest: '0000000000000000000', total: 8, completed: 8 },
          { status: 'success' },
        )
      },
    },
  })
  const run = () => cli.run('create', 'made', '-f', path.join(folder, 'Modelfile'), ...flags)
  return { run, requests, sent, known, imports, importing, cli }
}

describe('create', () => {
  it('sends a file that the server lacks, with its name alone, and asks for the model', async () => {
    await put({ 'some/model.gguf': BINARY })
    const { run, requests, sent, cli } = await create('FROM some/model.gguf\nPARAMETER stop a\nPARAMETER stop b\n', '-q', 'q4_K_M')
    expect(await run()).toBe(0)
    expect(sent).toEqual(new Map([[digestOf(BINARY), 8]]))
    expect(requests).toEqual([
      { model: 'made', files: { 'model.gguf': digestOf(BINARY) }, parameters: { stop: ['a', 'b'] }, quantize: 'q4_K_M' },
    ])
    expect(cli.err.text).toBe(
      'gathering model components\ncopying file model.gguf 100%\nparsing GGUF\nvalidating GGUF model 100%\nsuccess\n',
    )
  })

  it('takes a GGUF file in place of a Modelfile', async () => {
    await put({ 'a b.gguf': BINARY })
    const { requests, cli } = await create('FROM other')
    expect(await cli.run('create', 'made', '-f', path.join(folder, 'a b.gguf'))).toBe(0)
    expect(requests).toEqual([{ model: 'made', files: { 'a b.gguf': digestOf(BINARY) } }])
  })

  it('does not send what the server has', async () => {
    await put({ 'model.gguf': BINARY })
    const { run, sent, known } = await create('FROM ./model.gguf')
    known.add(digestOf(BINARY))
    expect(await run()).toBe(0)
    expect(sent.size).toBe(0)
  })

  it('has a server on this machine take the file where it lies, described by size, age and first bytes', async () => {
    await put({ 'model.gguf': BINARY })
    const { run, requests, sent, imports, importing, cli } = await create('FROM ./model.gguf\nADAPTER ./model.gguf')
    importing.refusal = undefined
    expect(await run()).toBe(0)
    const file = path.join(folder, 'model.gguf')
    expect(imports).toEqual([{ path: file, size: 8, modified: (await stat(file)).mtimeMs, begins_with: digestOf(BINARY).slice(7) }])
    expect(sent.size).toBe(0)
    expect(requests[0]).toMatchObject({ files: { 'model.gguf': 'sha256:imported' }, adapters: { 'model.gguf': 'sha256:imported' } })
    expect(cli.err.text).toContain('importing file model.gguf 50%\nimporting file model.gguf 100%\n')
  })

  it('asks for a link in place of a copy with --link', async () => {
    await put({ 'model.gguf': BINARY })
    const { run, imports, importing } = await create('FROM ./model.gguf', '--link')
    importing.refusal = undefined
    expect(await run()).toBe(0)
    expect(imports).toEqual([expect.objectContaining({ path: path.join(folder, 'model.gguf'), link: true })])
  })

  it('sends the file when the server cannot take it, and ends where the disk is full', async () => {
    await put({ 'model.gguf': BINARY })
    const { run, sent, importing, cli } = await create('FROM ./model.gguf')
    importing.refusal = new AppError('invalid_request', 'this is no file that can be imported here', { details: { status: 400 } })
    expect(await run()).toBe(0)
    expect(sent.size).toBe(1)
    importing.refusal = new AppError('disk_full', 'no space left', { details: { status: 507 } })
    expect(await run()).toBe(1)
    expect(cli.err.text).toContain('Error: no space left')
    expect(sent.size).toBe(1)
  })

  it('tells no other machine the path of a file', async () => {
    await put({ 'model.gguf': BINARY })
    const { run, sent, imports, cli } = await create('FROM ./model.gguf', '--json')
    cli.context.config.serverUrl = 'http://10.0.0.5:11434'
    expect(await run()).toBe(0)
    expect(imports).toEqual([])
    expect(sent.size).toBe(1)
  })

  it('maps every command', async () => {
    await put({ 'lora.gguf': BINARY })
    const text = [
      'FROM base',
      'TEMPLATE one',
      'TEMPLATE two',
      'SYSTEM """be',
      'brief"""',
      'LICENSE MIT',
      'LICENSE more',
      'MESSAGE user hi',
      'MESSAGE assistant ho',
      'ADAPTER lora.gguf',
      'RENDERER r',
      'PARSER p',
      'REQUIRES v0.14.0',
    ]
    const { run, requests } = await create(text.join('\n'))
    expect(await run()).toBe(0)
    expect(requests).toEqual([
      {
        model: 'made',
        from: 'base',
        template: 'two',
        system: 'be\nbrief',
        license: ['MIT', 'more'],
        messages: [
          { role: 'user', content: 'hi' },
          { role: 'assistant', content: 'ho' },
        ],
        adapters: { 'lora.gguf': digestOf(BINARY) },
        renderer: 'r',
        parser: 'p',
        requires: '0.14.0',
      },
    ])
  })

  it('names files of a folder from where they lie together', async () => {
    await put({ 'm/model.safetensors': 'w', 'm/config.json': '{}', 'm/sub/config.json': '{"a":1}' })
    const { run, requests } = await create('FROM m')
    await run()
    expect(Object.keys(requests[0]?.files ?? {}).sort()).toEqual(['config.json', 'model.safetensors', 'sub/config.json'])
  })

  it('says which parameters are deprecated and leaves them out', async () => {
    const { run, requests, cli } = await create('FROM base\nPARAMETER mirostat 1')
    await run()
    expect(cli.out.text).toBe('warning: parameter mirostat is deprecated\n')
    expect(requests).toEqual([{ model: 'made', from: 'base' }])
  })

  it.each([
    ['FROM ./missing.gguf', 'stat F/missing.gguf: no such file or directory'],
    ['FROM missing.gguf', 'stat F/missing.gguf: no such file or directory'],
    ['FROM base\nADAPTER lora', 'stat F/lora: no such file or directory'],
    ['FROM base\nREQUIRES soon', 'requires must be a valid semver (e.g. 0.14.0)'],
    ['FROM base\nREQUIRES 01.2', 'requires must be a valid semver (e.g. 0.14.0)'],
    ['FROM base\nPARAMETER foo 1', "unknown parameter 'foo'"],
    ['SYSTEM x', 'no FROM line'],
    ['FROM Modelfile\nDRAFT ./Modelfile', 'DRAFT must not reference the same local path as FROM: F/Modelfile'],
  ])('refuses %j', async (text, message) => {
    const { run, requests, cli } = await create(text)
    expect(await run()).toBe(1)
    expect(cli.err.text).toContain(`Error: ${message.replace('F/', `${folder}/`)}\n`)
    expect(requests).toEqual([])
  })

  it.each(['hf.co/org/model.gguf', 'https://host/model.gguf', 'base:latest', 'me/base'])(
    'takes %s for the name of a model',
    async (name) => {
      const { run, requests } = await create(`FROM ${name}`)
      expect(await run()).toBe(0)
      expect(requests[0]?.from).toBe(name)
    },
  )

  it('refuses a draft quantization without a draft, and a Modelfile that is not there', async () => {
    const { run, cli } = await create('FROM base', '--draft-quantize', 'q8_0')
    expect(await run()).toBe(1)
    expect(cli.err.text).toContain('Error: --draft-quantize requires a DRAFT model\n')
    cli.err.reset()
    expect(await cli.run('create', 'made', '-f', path.join(folder, 'nofile'))).toBe(1)
    expect(cli.err.text).toBe("Error: specified Modelfile wasn't found\n")
  })
})

describe('findModelFiles', () => {
  const names = async () => relativeNames([path.join(folder, 'x'), ...(await findModelFiles(folder))]).slice(1)

  it('prefers safetensors to everything else, with configuration and tokenizer', async () => {
    await put({
      'model-1.safetensors': 'a',
      'sub/model-2.safetensors': 'b',
      'x.gguf': BINARY,
      'config.json': '{}',
      'chat_template.jinja': 'x',
      'tokenizer.model': BINARY,
      'README.md': 'x',
      '.hidden.json': '{}',
    })
    expect((await names()).sort()).toEqual([
      'chat_template.jinja',
      'config.json',
      'model-1.safetensors',
      'sub/model-2.safetensors',
      'tokenizer.model',
    ])
  })

  it('passes over the pointers of Git LFS', async () => {
    await put({ 'pytorch_model.bin': 'version https://git-lfs.github.com/spec/v1', 'x.gguf': BINARY })
    expect(await names()).toEqual(['x.gguf'])
    await put({ 'pytorch_model.bin': 'PK\x03\x04zip' })
    expect(await names()).toEqual(['pytorch_model.bin'])
  })

  it('refuses a folder without a model, JSON that is none, and links that lead out', async () => {
    await expect(findModelFiles(folder)).rejects.toThrow('no Modelfile or safetensors files found')
    await put({ 'x.gguf': BINARY, 'config.json': BINARY })
    await expect(findModelFiles(folder)).rejects.toThrow('invalid content type: expected text/plain')
    await rm(path.join(folder, 'config.json'))
    await symlink('/etc/hostname', path.join(folder, 'model.safetensors'))
    await expect(findModelFiles(folder)).rejects.toThrow('insecure path: ../')
  })
})

describe('relativeNames', () => {
  it('finds the folder that holds all', () => {
    expect(relativeNames(['/a/b/c/x', '/a/b/d/y', '/a/b/z'])).toEqual(['c/x', 'd/y', 'z'])
    expect(relativeNames(['/a/x', '/b/y'])).toEqual(['a/x', 'b/y'])
    expect(relativeNames(['/a/x'])).toEqual(['x'])
    expect(relativeNames(['/a/b/x', '/a/bc/y'])).toEqual(['b/x', 'bc/y'])
  })
})
