import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SessionClient } from '@session-sidecar/client';
import { rows } from '../../bench/results/latest.json';
import { version } from '../../server/package.json';
import { otelVariables } from '../../server/src/config';
import { canRender, only, overlays, render, secrets } from '../support/manifests';
import type { Manifest } from '../support/manifests';
import { until } from '../support/poll';
import { metricsOf, probe, untilServing } from '../support/process';
import { freeAddress } from '../support/free-port';
import { describeWith } from '../support/tools';
import { configOf, podOf } from './pod';
import type { Pod } from './pod';
import { stackForEachTest } from '../support/stack';

const stack = stackForEachTest();

/** Without a password, and without monitoring. */
const hasOwnRedis = (overlay: string): boolean => overlay === 'dev' || overlay === 'shop';

const mebibytes = (quantity: string): number => Number(/^(\d+)Mi$/.exec(quantity)?.[1]);

describeWith('kustomize 5', canRender).each(overlays)('the pods of the overlay %s', (overlay) => {
  let manifests: readonly Manifest[];
  let pod: Pod;

  beforeAll(() => {
    manifests = render(overlay);
    pod = podOf(manifests);
  });

  test('give the sidecar settings that it accepts without a warning', () => {
    expect(configOf(pod).warnings).toEqual([]);
  });

  test('give it no variable that is neither a setting nor one of OpenTelemetry that it honours', () => {
    const honoured = otelVariables.flatMap(({ names }) => names);
    const others = Object.keys(pod.env).filter((name) => !name.startsWith('SESSION_SIDECAR_'));
    expect(others.filter((name) => !honoured.includes(name))).toEqual([]);
  });

  test('give it the signing keys, and where they have one the password, out of the Secret', () => {
    const { config } = configOf(pod);
    expect(config.signingKeys).toEqual([Buffer.from(secrets['.signing-keys']!, 'base64')]);
    expect(config.store).toMatchObject({
      kind: 'redis',
      redis: { password: hasOwnRedis(overlay) ? undefined : secrets['.redis-password']!.trim() },
    });
    expect(JSON.stringify(manifests.filter(({ kind }) => kind !== 'Secret'))).not.toContain('s3cret');
  });

  test('reach the kind of Redis that the overlay is named after', () => {
    const mode = { dev: 'single', shop: 'single', sentinel: 'sentinel', cluster: 'cluster' }[overlay];
    expect(configOf(pod).config.store).toMatchObject({ redis: { mode } });
  });

  test('run the sidecar as a native sidecar, before every other container, from the image of this version', () => {
    expect(pod.sidecar).toMatchObject({
      name: 'session-sidecar',
      image: `session-sidecar:${version}`,
      restartPolicy: 'Always',
    });
    expect(pod.labels['session-sidecar']).toBe('true');
  });

  test('share the socket, which is the address that the app uses; the other address is on loopback', () => {
    const { grpcAddresses } = configOf(pod).config;
    expect(grpcAddresses).toEqual([
      { kind: 'unix', path: '/run/session-sidecar/grpc.sock' },
      { kind: 'tcp', host: '127.0.0.1', port: 50051 },
    ]);
    expect(pod.app.env).toContainEqual({ name: 'SIDECAR_ADDRESS', value: 'unix:/run/session-sidecar/grpc.sock' });
    const mounts = [pod.sidecar, pod.app].map(({ volumeMounts }) =>
      volumeMounts.find(({ mountPath }: Manifest['spec']) => mountPath === '/run/session-sidecar'),
    );
    expect(mounts.map(({ name, readOnly = false }) => ({ name, readOnly }))).toEqual([
      { name: 'session-sidecar', readOnly: false },
      { name: 'session-sidecar', readOnly: true },
    ]);
    expect(pod.spec.volumes).toContainEqual({
      name: 'session-sidecar',
      emptyDir: { medium: 'Memory', sizeLimit: '1Mi' },
    });
  });

  test('name the port that the sidecar listens on, wherever it is used', () => {
    const { port, host } = configOf(pod).config.httpAddress;
    expect(host).toBeUndefined();
    expect(pod.sidecar.ports).toEqual([{ name: 'metrics', containerPort: port }]);
    for (const one of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      expect(pod.sidecar[one].httpGet.port).toBe('metrics');
    }
    const [, forPrometheus] = only(manifests, 'NetworkPolicy', 'web')['spec'].ingress;
    expect(forPrometheus.ports).toEqual([{ port }]);
    if (hasOwnRedis(overlay)) return;
    const monitor = only(manifests, 'PodMonitor', 'session-sidecar')['spec'];
    expect(monitor.podMetricsEndpoints).toMatchObject([{ port: 'metrics', path: '/metrics' }]);
    expect(pod.labels).toMatchObject(monitor.selector.matchLabels);
    expect(pod.labels).toHaveProperty([monitor.jobLabel]);
  });

  test('are what everything else in the overlay is about', () => {
    const selectors = [
      only(manifests, 'Service', 'web')['spec'].selector,
      only(manifests, 'NetworkPolicy', 'web')['spec'].podSelector.matchLabels,
      only(manifests, 'PodDisruptionBudget', 'web')['spec'].selector.matchLabels,
      only(manifests, 'Deployment', 'web')['spec'].selector.matchLabels,
    ];
    for (const selector of selectors) {
      expect(selector).not.toEqual({});
      expect(pod.labels).toMatchObject(selector);
    }
    const { scaleTargetRef, metrics } = only(manifests, 'HorizontalPodAutoscaler', 'web')['spec'];
    expect(scaleTargetRef).toMatchObject({ kind: 'Deployment', name: 'web' });
    expect(metrics[0].containerResource.container).toBe(pod.app.name);
  });

  test('give every container no more privileges than it needs', () => {
    const deployments = manifests.filter(({ kind }) => kind === 'Deployment');
    for (const { spec } of deployments.map((one) => one['spec'].template)) {
      expect(spec).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
      for (const { securityContext } of [...(spec.initContainers ?? []), ...spec.containers]) {
        expect(securityContext).toMatchObject({
          runAsNonRoot: true,
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
          seccompProfile: { type: 'RuntimeDefault' },
        });
        expect(securityContext.runAsUser).toBeGreaterThan(0);
      }
    }
  });

  test('end when the app has had its time and the sidecar after it', () => {
    const { shutdownGraceMs } = configOf(pod).config;
    const pause: number = pod.app.lifecycle.preStop.sleep.seconds;
    const forTheApp = 20;
    const toSpare = 5;
    expect(pod.spec.terminationGracePeriodSeconds).toBe(pause + forTheApp + shutdownGraceMs / 1000 + toSpare);
  });

  test('replace a sidecar that hangs within 30 seconds', () => {
    const { periodSeconds, timeoutSeconds, failureThreshold, terminationGracePeriodSeconds } = pod.sidecar
      .livenessProbe as Record<string, number>;
    const noticedAfter = failureThreshold! * Math.max(periodSeconds!, timeoutSeconds!);
    expect(noticedAfter + terminationGracePeriodSeconds!).toBeLessThan(30);
  });

  test('show in the status of the pod why the sidecar does not start', () => {
    expect(pod.sidecar.terminationMessagePolicy).toBe('FallbackToLogsOnError');
  });

  test('depend on Redis only for readiness', () => {
    const paths = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((one) => pod.sidecar[one].httpGet.path);
    expect(paths).toEqual(['/livez', '/livez', '/readyz']);
  });

  test('give it the measured memory and a margin', () => {
    const { requests, limits } = pod.sidecar.resources;
    const megabytes = rows.find(({ id }) => id === 'memory-after-1m')!.ours;
    const measured = (megabytes * 1e6) / 2 ** 20;
    expect(mebibytes(requests.memory)).toBeGreaterThan(measured);
    expect(mebibytes(limits.memory)).toBeGreaterThan(1.5 * measured);
    expect(limits).toEqual({ memory: limits.memory });
  });
});

describeWith('kustomize 5', canRender)('a sidecar with the settings of the overlay dev', () => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'session-sidecar-k8s-'));
  });

  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  test('answers the probes on their paths, the app on its address, and Prometheus', async () => {
    const pod = podOf(render('dev'));
    const redis = await stack.redis();
    // What a cluster has and this machine has not: the volumes and the name of Redis.
    const here = (text: string) =>
      text
        .replace('/run/session-sidecar', directory)
        .replace('127.0.0.1:50051', '127.0.0.1:0')
        .replace(':9464', '127.0.0.1:0')
        .replace('redis://session-redis:6379', redis.url)
        .replace('/etc/session-sidecar/secrets', directory);
    writeFileSync(join(directory, 'signing-keys'), pod.readFile(pod.env['SESSION_SIDECAR_SIGNING_KEYS_FILE']!));
    const env = Object.fromEntries(Object.entries(pod.env).map(([name, value]) => [name, here(value)]));
    const sidecar = await untilServing(stack.launch({ env }));
    const sessions = stack.use(new SessionClient<{ user: string }>({ address: here(pod.app.env[0].value) }));
    await until('Redis', async () => (await probe(`${sidecar.httpUrl}/readyz`)).status === 200);
    for (const one of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      const { status } = await probe(`${sidecar.httpUrl}${pod.sidecar[one].httpGet.path}`);
      expect({ one, status }).toEqual({ one, status: 200 });
    }
    const session = sessions.create();
    session.set('user', 'Ada');
    await session.save();
    expect((await sessions.open(session.token)).get('user')).toBe('Ada');
    expect((await metricsOf(sidecar)).value('session_sidecar_sessions_created_total')).toBe(1);
  });

  test('has its socket by the time the startup probe succeeds, which is when Kubernetes starts the app', async () => {
    const { sidecar: container } = podOf(render('dev'));
    const socket = join(directory, 'early.sock');
    const http = await freeAddress();
    stack.launch({ settings: { GRPC_ADDRESS: `unix:${socket}`, HTTP_ADDRESS: http } });
    const startup = `http://${http}${container.startupProbe.httpGet.path}`;
    const answers = await until('the startup probe', () =>
      probe(startup).then(
        ({ status }) => status === 200 && { socket: existsSync(socket) },
        () => undefined,
      ),
    );
    expect(answers).toEqual({ socket: true });
  });
});
