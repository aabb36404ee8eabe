import { describe, expect, it } from 'vitest'
import { checkHost, isHostHeader, isLoopbackAddress } from './hosts.ts'

const machine = { hostname: () => 'Workbench', addresses: () => ['203.0.113.9', 'fe80::1'] }

describe('the Host check', () => {
  it.each([
    undefined,
    '',
    'localhost',
    'LOCALHOST',
    'localhost:11434',
    'a.localhost:80',
    'box.local',
    'svc.internal',
    'host.docker.internal',
    'workbench',
  ])('lets the name %j pass', (host) => {
    expect(checkHost(host, machine)).toBe('name')
  })

  it.each([
    '127.0.0.1',
    '127.9.9.9:80',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1:11434',
    '0.0.0.0',
    '[::1]:11434',
    '::1',
    '[fd00::1]:1',
    '203.0.113.9',
    '[fe80::1]:80',
  ])('lets the address %s pass', (host) => {
    expect(checkHost(host, machine)).toBe('address')
  })

  it.each([
    'example.test',
    'evil.com:11434',
    '8.8.8.8',
    '172.32.0.1',
    '[2001:db8::1]:80',
    '[::1]',
    'localhost.example.test',
    'x.local.example.test',
    'local',
    'workbench.example.test',
  ])('refuses %s', (host) => {
    expect(checkHost(host, machine)).toBe('refused')
  })

  it('is for what can be a host at all', () => {
    expect([undefined, '', 'localhost:80', '[fe80::1%25eth0]:1', 'a_b.local', "sub-delims!$&'()*+,;=~"].every(isHostHeader)).toBe(true)
    for (const header of ['evil.example#.local', 'evil.example/.local', 'user@localhost', 'a b', 'a?b', 'ü.local', '"']) {
      expect(isHostHeader(header)).toBe(false)
    }
  })

  it('knows a loopback listener', () => {
    expect(['127.0.0.1', '::1', '0.0.0.0', '::', '192.168.1.1', ''].map(isLoopbackAddress)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ])
  })
})
