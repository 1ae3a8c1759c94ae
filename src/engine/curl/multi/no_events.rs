//! Where there is no epoll, libcurl's own way to wait is the only one.

use super::sys;
use crate::error::Error;
use crate::runtime::wake::Unpark;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

pub enum Events {}

impl Events {
    pub fn new() -> Result<Option<Rc<Events>>, Error> {
        Ok(None)
    }

    pub fn waker(&self) -> Arc<dyn Unpark> {
        match *self {}
    }

    pub fn opened(&self, _: sys::curl_socket_t) {
        match *self {}
    }

    pub fn closing(&self, _: sys::curl_socket_t) {
        match *self {}
    }

    pub fn wait(&self, _: Option<Duration>, _: bool) {
        match *self {}
    }

    pub unsafe fn run(&self, _: *mut sys::CURLM, _: bool, _: bool) {
        match *self {}
    }
}

pub unsafe fn listen(_: *mut sys::CURLM, events: &Rc<Events>) -> sys::CURLMcode {
    match **events {}
}
