import { render } from '../support/manifests';
import type { Manifest } from '../support/manifests';
import { until } from '../support/poll';
import { patienceMs, restrictedNamespace } from './kubectl';
import type { Namespace } from './kubectl';
import { ask } from './visitors';

/** What the Deployment and its pods have in common. */
export const web = 'app.kubernetes.io/name=web';

/** The objects of overlays/shop, for a namespace of another name. */
export function shopManifests(): readonly Manifest[] {
  return render('shop')
    .filter(({ kind }) => kind !== 'Namespace')
    .map((manifest) => ({ ...manifest, metadata: { ...manifest.metadata, namespace: undefined } }));
}

/** The shop in a namespace of its own, whose two pods are ready. */
export async function deployShop(name: string, manifests = shopManifests()): Promise<Namespace> {
  const namespace = await restrictedNamespace(name);
  await namespace.apply(manifests);
  await namespace.rollout('deployment/session-redis');
  await namespace.rollout('deployment/web');
  await namespace.readyPods(web, 2);
  return namespace;
}

/** Where a Service of the shop is reached from the node, which may be a moment after its pods are ready. */
export async function urlOf(namespace: Namespace, service = 'web'): Promise<string> {
  const { spec } = await namespace.get('service', service);
  const url = `http://${spec.clusterIP}:${spec.ports[0].port}`;
  await until(`the Service ${service}`, async () => (await ask(`${url}/`)).status === 200, patienceMs);
  return url;
}
