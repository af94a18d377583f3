import * as ecr from '@aws-sdk/client-ecr'
import { describe, expect, onTestFinished, test } from 'vitest'
import { imageManifest, ociIndex, ociManifest, sha256, startRegistry, type TestRegistry } from './support.js'

const layer = Buffer.from('some layer')
const config = Buffer.from('{}')

/** A registry as ECR with the SDK's own client for it. */
async function start(): Promise<{ server: TestRegistry; client: ecr.ECR }> {
  const server = await startRegistry({ uploads: 'ecr', auth: 'none' })
  const client = new ecr.ECR({
    endpoint: server.url,
    region: 'us-west-2',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 1,
  })
  onTestFinished(() => client.destroy())
  return { server, client }
}

async function pushBlobs(server: TestRegistry, repository = 'app'): Promise<void> {
  for (const blob of [layer, config]) await server.pushBlob(repository, blob)
}

const manifest = (build: string): string => imageManifest({ config, layers: [layer] }, { annotations: { build } })

describe('GetAuthorizationToken', () => {
  test('gives what the registry takes, for 12 virtual hours', async () => {
    const server = await startRegistry({ uploads: 'ecr' })
    const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }
    const client = new ecr.ECR({ endpoint: server.url, region: 'us-west-2', credentials })
    onTestFinished(() => client.destroy())
    const { authorizationData = [] } = await client.getAuthorizationToken({})
    const [data] = authorizationData
    expect(data).toEqual({
      authorizationToken: expect.any(String),
      expiresAt: new Date(server.clock.now + 12 * 60 * 60 * 1000),
      proxyEndpoint: server.url,
    })
    const headers = { Authorization: `Basic ${data?.authorizationToken}` }
    expect((await server.call('GET', '/v2/', { headers })).status).toBe(200)
  })
})

describe('repositories', () => {
  test('are created with everything echoed, once', async () => {
    const { server, client } = await start()
    const input = {
      repositoryName: 'team/app',
      imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'live-*' }],
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: { encryptionType: 'KMS', kmsKey: 'alias/key' },
      tags: [{ Key: 'a', Value: 'b' }],
    } as const satisfies ecr.CreateRepositoryCommandInput
    const { repository } = await client.createRepository({
      ...input,
      imageTagMutabilityExclusionFilters: [...input.imageTagMutabilityExclusionFilters],
      tags: [...input.tags],
    })
    expect(repository).toEqual({
      repositoryArn: 'arn:aws:ecr:us-west-2:123456789012:repository/team/app',
      registryId: '123456789012',
      repositoryName: 'team/app',
      repositoryUri: `${server.host}/team/app`,
      createdAt: new Date(server.clock.now),
      imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'live-*' }],
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: { encryptionType: 'KMS', kmsKey: 'alias/key' },
    })
    const { repositories } = await client.describeRepositories({ repositoryNames: ['team/app'] })
    expect(repositories).toEqual([repository])
    await expect(client.createRepository({ repositoryName: 'team/app' })).rejects.toBeInstanceOf(
      ecr.RepositoryAlreadyExistsException,
    )
  })

  test('have ECR’s defaults', async () => {
    const { client } = await start()
    const { repository } = await client.createRepository({ repositoryName: 'app' })
    expect(repository).toMatchObject({
      imageTagMutability: 'MUTABLE',
      imageScanningConfiguration: { scanOnPush: false },
      encryptionConfiguration: { encryptionType: 'AES256' },
    })
  })

  test.each([
    { repositoryName: 'A' },
    { repositoryName: 'Upper' },
    { repositoryName: 'app', imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION' as const },
    { repositoryName: 'app', imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD' as const, filter: 'a' }] },
    {
      repositoryName: 'app',
      imageTagMutability: 'MUTABLE_WITH_EXCLUSION' as const,
      imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD' as const, filter: '***' }],
    },
  ])('are refused as %o', async (input) => {
    const { client } = await start()
    await expect(client.createRepository(input)).rejects.toBeInstanceOf(ecr.InvalidParameterException)
  })

  test('are listed in pages, and a missing one is an error', async () => {
    const { client } = await start()
    const names = ['app-c', 'app-a', 'app-b', 'app-e', 'app-d']
    for (const repositoryName of names) await client.createRepository({ repositoryName })
    const seen: (string | undefined)[] = []
    for await (const page of ecr.paginateDescribeRepositories({ client, pageSize: 2 }, {})) {
      seen.push(...(page.repositories ?? []).map(({ repositoryName }) => repositoryName))
    }
    expect(seen).toEqual(names.sort())
    await expect(client.describeRepositories({ repositoryNames: ['app-a', 'none'] })).rejects.toThrow(
      "The repository with name 'none' does not exist in the registry with id '123456789012'",
    )
    await expect(
      client.describeRepositories({ registryId: '999999999999', repositoryNames: ['app-a'] }),
    ).rejects.toBeInstanceOf(ecr.RepositoryNotFoundException)
    await expect(client.describeRepositories({ nextToken: 'x' })).rejects.toBeInstanceOf(ecr.InvalidParameterException)
    await expect(client.describeRepositories({ maxResults: 0 })).rejects.toBeInstanceOf(ecr.InvalidParameterException)
    await expect(client.describeRepositories({ repositoryNames: ['app-a'], maxResults: 5 })).rejects.toBeInstanceOf(
      ecr.InvalidParameterException,
    )
  })
})

describe('PutImage', () => {
  test('sets another tag without any layer moving', async () => {
    const { server, client } = await start()
    await client.createRepository({ repositoryName: 'app' })
    await pushBlobs(server)
    const headers = { 'Content-Type': ociManifest }
    await server.call('PUT', '/v2/app/manifests/v1', { headers, body: manifest('1') })
    const { images = [] } = await client.batchGetImage({ repositoryName: 'app', imageIds: [{ imageTag: 'v1' }] })
    const imageManifestText = images[0]?.imageManifest ?? ''
    const { image } = await client.putImage({
      repositoryName: 'app',
      imageTag: 'live',
      imageManifest: imageManifestText,
      imageManifestMediaType: ociManifest,
    })
    expect(image).toEqual({
      registryId: '123456789012',
      repositoryName: 'app',
      imageId: { imageDigest: sha256(manifest('1')), imageTag: 'live' },
      imageManifest: manifest('1'),
      imageManifestMediaType: ociManifest,
    })
    const pulled = await server.call('GET', '/v2/app/manifests/live')
    expect(pulled.headers.get('docker-content-digest')).toBe(sha256(manifest('1')))
  })

  test('refuses what ECR refuses', async () => {
    const { server, client } = await start()
    await client.createRepository({ repositoryName: 'app', imageTagMutability: 'IMMUTABLE' })
    const put = (imageTag: string | undefined, text: string, more = {}) =>
      client.putImage({ repositoryName: 'app', imageTag, imageManifest: text, ...more })
    await expect(put('v1', manifest('1'))).rejects.toBeInstanceOf(ecr.LayersNotFoundException)
    await pushBlobs(server)
    await put('v1', manifest('1'))
    await expect(put('v1', manifest('1'))).rejects.toBeInstanceOf(ecr.ImageAlreadyExistsException)
    await expect(put(undefined, manifest('1'))).rejects.toBeInstanceOf(ecr.ImageAlreadyExistsException)
    await expect(put('v1', manifest('2'))).rejects.toBeInstanceOf(ecr.ImageTagAlreadyExistsException)
    await expect(put('v2', 'no json')).rejects.toBeInstanceOf(ecr.InvalidParameterException)
    await expect(put('-', manifest('2'))).rejects.toBeInstanceOf(ecr.InvalidParameterException)
    await expect(put('v2', manifest('2'), { imageDigest: sha256('other') })).rejects.toBeInstanceOf(
      ecr.ImageDigestDoesNotMatchException,
    )
    const index = JSON.stringify({
      schemaVersion: 2,
      mediaType: ociIndex,
      manifests: [{ mediaType: ociManifest, digest: sha256('none'), size: 4 }],
    })
    await expect(put('v2', index)).rejects.toBeInstanceOf(ecr.ReferencedImagesNotFoundException)
    await expect(client.putImage({ repositoryName: 'none', imageManifest: index })).rejects.toBeInstanceOf(
      ecr.RepositoryNotFoundException,
    )
  })
})

describe('images', () => {
  test('are described with sizes, times and tags, by id and by filter', async () => {
    const { server, client } = await start()
    await client.createRepository({ repositoryName: 'app' })
    await pushBlobs(server)
    const repositoryName = 'app'
    for (const build of ['1', '2']) {
      server.clock.now += 60_000
      await client.putImage({ repositoryName, imageTag: 'latest', imageManifest: manifest(build) })
    }
    await client.putImage({ repositoryName, imageTag: 'v2', imageManifest: manifest('2') })
    const described = {
      registryId: '123456789012',
      repositoryName,
      imageDigest: sha256(manifest('2')),
      imageTags: ['latest', 'v2'],
      imageSizeInBytes: layer.length + config.length,
      imagePushedAt: new Date(server.clock.now),
      imageManifestMediaType: ociManifest,
      artifactMediaType: 'application/vnd.oci.image.config.v1+json',
      imageStatus: 'ACTIVE',
    }
    const byTag = await client.describeImages({
      repositoryName,
      imageIds: [{ imageTag: 'v2' }, { imageTag: 'latest' }],
    })
    expect(byTag.imageDetails).toEqual([described])
    const digests = async (filter: ecr.DescribeImagesFilter) => {
      const { imageDetails = [] } = await client.describeImages({ repositoryName, filter })
      return imageDetails.map(({ imageDigest }) => imageDigest)
    }
    expect(await digests({ tagStatus: 'TAGGED' })).toEqual([sha256(manifest('2'))])
    expect(await digests({ tagStatus: 'UNTAGGED' })).toEqual([sha256(manifest('1'))])
    expect(await digests({ tagStatus: 'ANY' })).toHaveLength(2)
    expect(await digests({ imageStatus: 'ARCHIVED' })).toEqual([])
    await expect(client.describeImages({ repositoryName, imageIds: [{ imageTag: 'none' }] })).rejects.toThrow(
      "The image with imageId {imageDigest:'null', imageTag:'none'} does not exist within the repository with name 'app'",
    )
    await expect(
      client.describeImages({ repositoryName, imageIds: [{ imageTag: 'v2', imageDigest: sha256(manifest('1')) }] }),
    ).rejects.toBeInstanceOf(ecr.ImageNotFoundException)
    await expect(client.describeImages({ repositoryName, imageIds: [{}] })).rejects.toBeInstanceOf(
      ecr.InvalidParameterException,
    )
  })

  test('come in pages whose tokens belong to their repository', async () => {
    const { server, client } = await start()
    for (const repositoryName of ['app', 'other']) {
      await client.createRepository({ repositoryName })
      await pushBlobs(server, repositoryName)
      for (const build of ['1', '2', '3']) await client.putImage({ repositoryName, imageManifest: manifest(build) })
    }
    const seen: unknown[] = []
    let token: string | undefined
    for await (const page of ecr.paginateDescribeImages({ client, pageSize: 2 }, { repositoryName: 'app' })) {
      seen.push(...(page.imageDetails ?? []).map(({ imageDigest }) => imageDigest))
      token ??= page.nextToken
    }
    expect(seen).toEqual(['1', '2', '3'].map((build) => sha256(manifest(build))).sort())
    await expect(client.describeImages({ repositoryName: 'other', nextToken: token })).rejects.toBeInstanceOf(
      ecr.InvalidParameterException,
    )
  })

  test('are got in a batch, with a failure for each that is not there', async () => {
    const { server, client } = await start()
    await client.createRepository({ repositoryName: 'app' })
    await pushBlobs(server)
    const repositoryName = 'app'
    await client.putImage({ repositoryName, imageTag: 'v1', imageManifest: manifest('1') })
    await client.putImage({ repositoryName, imageTag: 'v2', imageManifest: manifest('2') })
    const { images, failures } = await client.batchGetImage({
      repositoryName,
      imageIds: [
        { imageTag: 'v1' },
        { imageDigest: sha256(manifest('2')) },
        { imageTag: 'none' },
        { imageTag: 'v1', imageDigest: sha256(manifest('2')) },
        { imageDigest: 'sha256:1' },
        { imageTag: '-' },
        {},
      ],
    })
    expect(images?.map(({ imageId, imageManifest: text }) => [imageId, text])).toEqual([
      [{ imageDigest: sha256(manifest('1')), imageTag: 'v1' }, manifest('1')],
      [{ imageDigest: sha256(manifest('2')) }, manifest('2')],
    ])
    expect(failures?.map(({ failureCode }) => failureCode)).toEqual([
      'ImageNotFound',
      'ImageTagDoesNotMatchDigest',
      'InvalidImageDigest',
      'InvalidImageTag',
      'MissingDigestAndTag',
    ])
  })

  test('of an index have the size of their largest child', async () => {
    const { server, client } = await start()
    server.registry.storeImage({ repository: 'app', tag: 'one', layers: [{ phantom: { name: 'a', size: 500 } }] })
    const { digest } = server.registry.storeImage({
      repository: 'app',
      tag: 'two',
      layers: [{ phantom: { name: 'b', size: 2 * 1024 ** 3 } }],
    })
    const repositoryName = 'app'
    const { images = [] } = await client.batchGetImage({
      repositoryName,
      imageIds: [{ imageTag: 'one' }, { imageTag: 'two' }],
    })
    const manifests = images.map(({ imageId, imageManifest: text = '' }) => ({
      mediaType: ociManifest,
      digest: imageId?.imageDigest,
      size: text.length,
    }))
    const index = JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests })
    await client.putImage({ repositoryName, imageTag: 'both', imageManifest: index })
    const { imageDetails: [child] = [] } = await client.describeImages({
      repositoryName,
      imageIds: [{ imageDigest: digest }],
    })
    const { imageDetails: [both] = [] } = await client.describeImages({
      repositoryName,
      imageIds: [{ imageTag: 'both' }],
    })
    expect(child?.imageSizeInBytes).toBeGreaterThan(2 * 1024 ** 3)
    expect(both?.imageSizeInBytes).toBe(child?.imageSizeInBytes)
  })
})

describe('account settings', () => {
  test('switch mounts on and off', async () => {
    const { server, client } = await start()
    expect(await client.getAccountSetting({ name: 'BLOB_MOUNTING' })).toMatchObject({ value: 'DISABLED' })
    for (const repositoryName of ['base', 'app']) await client.createRepository({ repositoryName })
    const digest = await server.pushBlob('base', layer)
    const mount = `/v2/app/blobs/uploads/?mount=${digest}&from=base`
    expect((await server.call('POST', mount)).status).toBe(202)
    expect(await client.putAccountSetting({ name: 'BLOB_MOUNTING', value: 'ENABLED' })).toMatchObject({
      name: 'BLOB_MOUNTING',
      value: 'ENABLED',
    })
    expect(await client.getAccountSetting({ name: 'BLOB_MOUNTING' })).toMatchObject({ value: 'ENABLED' })
    expect((await server.call('POST', mount)).status).toBe(201)
  })

  test('are refused when they are none', async () => {
    const { client } = await start()
    for (const input of [
      { name: 'OTHER', value: 'ENABLED' },
      { name: 'BLOB_MOUNTING', value: 'MAYBE' },
    ]) {
      await expect(client.putAccountSetting(input)).rejects.toBeInstanceOf(ecr.InvalidParameterException)
    }
    await expect(client.getAccountSetting({ name: 'toString' })).rejects.toBeInstanceOf(ecr.InvalidParameterException)
  })
})

describe('BatchDeleteImage', () => {
  test('takes a tag away, the image with its last tag, and all of it by its digest', async () => {
    const { server, client } = await start()
    const repositoryName = 'app'
    await client.createRepository({ repositoryName })
    await pushBlobs(server)
    const put = async (build: string, imageTag: string): Promise<string> =>
      (await client.putImage({ repositoryName, imageTag, imageManifest: manifest(build) })).image?.imageId
        ?.imageDigest ?? ''
    const digests = async (): Promise<readonly (string | undefined)[]> =>
      ((await client.describeImages({ repositoryName })).imageDetails ?? []).map(({ imageDigest }) => imageDigest)
    const [one, two] = [await put('1', 'v1'), await put('2', 'v2')]
    await put('1', 'stable')
    await client.batchDeleteImage({ repositoryName, imageIds: [{ imageTag: 'v1' }] })
    expect(await digests()).toContain(one)
    const last = await client.batchDeleteImage({ repositoryName, imageIds: [{ imageTag: 'stable' }] })
    expect(last.imageIds).toEqual([{ imageDigest: one, imageTag: 'stable' }])
    expect(await digests()).toEqual([two])
    const answer = await client.batchDeleteImage({
      repositoryName,
      imageIds: [{ imageDigest: two }, { imageDigest: sha256('nothing') }, {}],
    })
    expect(answer.imageIds).toEqual([{ imageDigest: two, imageTag: 'v2' }])
    expect(answer.failures?.map(({ failureCode }) => failureCode)).toEqual(['ImageNotFound', 'MissingDigestAndTag'])
    expect(await digests()).toEqual([])
  })

  test('keeps what an index lists, until that is gone', async () => {
    const { server, client } = await start()
    const repositoryName = 'app'
    await client.createRepository({ repositoryName })
    await pushBlobs(server)
    const child = manifest('child')
    await client.putImage({ repositoryName, imageManifest: child })
    const list = {
      schemaVersion: 2,
      mediaType: ociIndex,
      manifests: [{ mediaType: ociManifest, digest: sha256(child), size: child.length }],
    }
    const index = (await client.putImage({ repositoryName, imageTag: 'all', imageManifest: JSON.stringify(list) }))
      .image
    const remove = async (imageDigest: string | undefined) =>
      client.batchDeleteImage({ repositoryName, imageIds: [{ imageDigest }] })
    expect((await remove(sha256(child))).failures).toMatchObject([{ failureCode: 'ImageReferencedByManifestList' }])
    expect((await remove(index?.imageId?.imageDigest)).failures).toEqual([])
    expect((await remove(sha256(child))).failures).toEqual([])
  })
})
