import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { formatOpensshKey, formatPublicKey, formatPublicLine, parseOpensshKey } from './openssh-key.ts'

// Made by ssh-keygen -t ed25519 -N '' for this test.
const BODY = [
  'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQyNTUxOQAAACADJIdDD4Zfo6mzYRMKpb09r94nEaW3BTlsa4Qq',
  'Jg8CLQAAAIia7+17mu/tewAAAAtzc2gtZWQyNTUxOQAAACADJIdDD4Zfo6mzYRMKpb09r94nEaW3BTlsa4QqJg8CLQAAAEDQVqCrdsdE4x6WUQRggctEV8rV',
  'NyCAJREGvuomgjch6wMkh0MPhl+jqbNhEwqlvT2v3icRpbcFOWxrhComDwItAAAABHRlc3QB',
].join('')
const PEM = toPem(BODY)
const PUBLIC = 'AAAAC3NzaC1lZDI1NTE5AAAAIAMkh0MPhl+jqbNhEwqlvT2v3icRpbcFOWxrhComDwIt'

describe('OpenSSH keys', () => {
  it('of ssh-keygen are read', () => {
    const key = parseOpensshKey(PEM)
    expect(formatPublicKey(key)).toBe(PUBLIC)
    expect(formatPublicLine(key)).toBe(`ssh-ed25519 ${PUBLIC}\n`)
  })

  it('that are written are read again and sign alike', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const again = parseOpensshKey(formatOpensshKey(privateKey))
    expect(verify(null, Buffer.from('text'), publicKey, sign(null, Buffer.from('text'), again))).toBe(true)
  })

  it('that are damaged or of another kind are refused with a reason', () => {
    const damaged = (change: (bytes: Buffer) => Buffer) => toPem(change(Buffer.from(BODY, 'base64')).toString('base64'))
    expect(() => parseOpensshKey('-----BEGIN PRIVATE KEY-----')).toThrow('not an OpenSSH private key')
    expect(() => parseOpensshKey(damaged((bytes) => bytes.subarray(0, 100)))).toThrow('cut off')
    expect(() => parseOpensshKey(damaged((bytes) => Buffer.from(bytes.toString('latin1').replace('none', 'aes2'), 'latin1')))).toThrow(
      'passphrase',
    )
    expect(() => parseOpensshKey(damaged((bytes) => bytes.fill(0xff, 15, 19)))).toThrow('cut off')
  })
})

function toPem(body: string): string {
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----\n`
}
